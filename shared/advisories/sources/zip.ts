import { buffer } from "node:stream/consumers";
import yauzl from "yauzl";
import { limits } from "../../platform/limits.ts";
import type { SourceDocument } from "./document.ts";
import { isDocument } from "./document-names.ts";

/**
 * The documents (by their names) in a zip archive on disk, in the order of its directory.
 * `onEntry(done, total)` counts entries. Throws what yauzl throws for an archive that is cut off or not one.
 */
export async function* zipDocuments(
  path: string,
  file: string,
  onEntry: (done: number, total: number) => void,
): AsyncGenerator<SourceDocument> {
  const archive = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true });
  try {
    if (archive.entryCount > limits.advisoryFilesPerSource) {
      throw new Error(`the archive has ${archive.entryCount} entries, more than ${limits.advisoryFilesPerSource}`);
    }
    let done = 0;
    for await (const entry of archive.eachEntry()) {
      done++;
      onEntry(done, archive.entryCount);
      if (!isDocument(entry.fileName)) continue;
      const name = { file, entry: entry.fileName };
      if (entry.uncompressedSize > limits.advisoryRecordBytes) {
        yield { ...name, bytes: Buffer.alloc(0), problem: "larger than allowed" };
        continue;
      }
      // yauzl ends the stream with an error when it gives more bytes than the directory says.
      yield { ...name, bytes: await buffer(await archive.openReadStreamPromise(entry)) };
    }
  } finally {
    archive.close();
  }
}
