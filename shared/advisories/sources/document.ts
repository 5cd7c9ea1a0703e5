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

/** A document of a file (`entry`: of an archive); without bytes it was too large. */
export function documentOf(file: string, bytes: Buffer | undefined, entry?: string): SourceDocument {
  const place = { file, ...(entry !== undefined && { entry }) };
  return bytes === undefined
    ? { ...place, bytes: Buffer.alloc(0), problem: "larger than allowed" }
    : { ...place, bytes };
}
