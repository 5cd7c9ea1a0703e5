/** One document of a source, as bytes; which form it has is for the feeds to say. */
export interface SourceDocument {
  /** The file it is from, relative to the source. */
  readonly file: string;
  /** Its name inside the file, when that is an archive. */
  readonly entry?: string;
  /** Empty when it was too large to be read. */
  readonly bytes: Buffer;
  /** Why it was not read. */
  readonly problem?: string;
}
