/** Files out of the archives of feed samples beside the checkout. */
import { decompressedFile } from "../../shared/advisories/sources/compressed.ts";
import { linesOf } from "../../shared/advisories/sources/lines.ts";
import { tarFiles } from "../../shared/advisories/sources/tar.ts";
import { sharedData } from "./shared-data.ts";

/** The files of one archive whose names `wanted` matches, by name. */
export async function feedSamples(archive: string, wanted: RegExp): Promise<ReadonlyMap<string, Buffer>> {
  const path = `${sharedData ?? ""}feed-samples/${archive}.tar.zst`;
  const found = new Map<string, Buffer>();
  for await (const { name, bytes } of tarFiles(decompressedFile(path), (name) => wanted.test(name), 32 << 20)) {
    if (bytes !== undefined) found.set(name, bytes);
  }
  return found;
}

/** The lines of a file of advisories, each one record. */
export async function* advisoryLines(file: string): AsyncGenerator<Buffer> {
  for await (const line of linesOf(decompressedFile(`${sharedData ?? ""}advisories/${file}`))) {
    if (line !== undefined) yield line;
  }
}
