/** What a part of a feed is that is one file, whole: asked for conditionally, and read in one of a few ways. */
import type { Fetched, Fetcher } from "../types.ts";
import { contentOf, decompressedFile } from "./compressed.ts";
import { documentOf, type SourceDocument } from "./document.ts";
import { jsonMembers } from "./json-members.ts";

/** Fetches the file when it has changed; `documents` reads what it was stored as. */
export async function fetchWhole(
  fetcher: Fetcher,
  path: string,
  documents: (stored: string) => AsyncIterable<SourceDocument>,
): Promise<Fetched> {
  const file = await fetcher.file(path, { conditional: true });
  return file.unchanged ? file : { unchanged: false, extent: "whole", documents: documents(file.path) };
}

/** The file as one document, called `file`. */
export async function* oneDocument(stored: string, file: string, most?: number): AsyncGenerator<SourceDocument> {
  yield { file, bytes: await contentOf(stored, most) };
}

/** Each member of the JSON container that `path` leads to, as a document. */
export async function* memberDocuments(
  stored: string,
  file: string,
  path: readonly string[] = [],
): AsyncGenerator<SourceDocument> {
  for await (const { bytes } of jsonMembers(decompressedFile(stored), path)) yield documentOf(file, bytes);
}
