/** Advisory files on this machine: one file, or a directory with everything in it that has a known ending. */
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { messageOf, PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { decompressed } from "./compressed.ts";
import { documentOf, type SourceDocument } from "./document.ts";
import { isDocument } from "./document-names.ts";
import { linesOf } from "./lines.ts";
import { tarFiles } from "./tar.ts";
import { xmlDocuments } from "./xml-documents.ts";
import { zipDocuments } from "./zip.ts";

type OnShare = (share: number) => void;
type Reader = (bytes: AsyncIterable<Uint8Array>, file: string) => AsyncGenerator<SourceDocument>;

async function* readLines(bytes: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<SourceDocument> {
  for await (const line of linesOf(bytes)) {
    yield documentOf(file, line);
  }
}

async function* readWhole(bytes: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<SourceDocument> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > limits.advisoryRecordBytes) {
      yield documentOf(file, undefined);
      return;
    }
    chunks.push(chunk);
  }
  yield { file, bytes: Buffer.concat(chunks) };
}

async function* readTar(bytes: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<SourceDocument> {
  for await (const entry of tarFiles(bytes, isDocument, limits.advisoryRecordBytes)) {
    yield documentOf(file, entry.bytes, entry.name);
  }
}

const compressedEnding = /\.(?:zst|gz|bz2|xz)$/;

function readerOf(file: string): Reader | undefined {
  const plain = file.replace(compressedEnding, "");
  if (plain.endsWith(".ndjson")) return readLines;
  if (plain.endsWith(".tar")) return readTar;
  if (plain.endsWith(".xml")) return xmlDocuments;
  return isDocument(plain) ? readWhole : undefined;
}

function isSource(file: string): boolean {
  return file.endsWith(".zip") || readerOf(file) !== undefined;
}

/**
 * The documents of one file, read as its name `file` says (see `documentsBelow`); it may lie elsewhere.
 * Throws `PermanentError("advisory-file-broken")` when it is cut off or damaged.
 */
export async function* documentsOf(
  path: string,
  file: string,
  onProgress: (done: number, total: number) => void = () => undefined,
): AsyncGenerator<SourceDocument> {
  const { size } = await stat(path);
  yield* fileDocuments(path, file, size, (share) => onProgress(Math.round(size * share), size));
}

/** The documents of one file. Throws `PermanentError("advisory-file-broken")` when it is cut off or damaged. */
async function* fileDocuments(
  path: string,
  file: string,
  size: number,
  onShare: OnShare,
): AsyncGenerator<SourceDocument> {
  if (size > limits.advisoryFileBytes) {
    throw new PermanentError("advisory-file-broken", `${file} is larger than ${limits.advisoryFileBytes} bytes`);
  }
  try {
    if (file.endsWith(".zip")) {
      yield* zipDocuments(path, file, (done, total) => onShare(total === 0 ? 1 : done / total));
      return;
    }
    const read = readerOf(file);
    if (read === undefined) return;
    const stored = createReadStream(path, { highWaterMark: 1 << 18 });
    for await (const document of read(
      decompressed(stored, limits.advisoryFileBytes, compressedEnding.test(file)),
      file,
    )) {
      onShare(stored.bytesRead / Math.max(1, size));
      yield document;
    }
  } catch (error) {
    if (error instanceof PermanentError && error.code !== "advisory-file-broken") throw error;
    throw new PermanentError("advisory-file-broken", `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

interface Listed {
  readonly path: string;
  readonly file: string;
  readonly size: number;
}

async function listSources(path: string): Promise<readonly Listed[]> {
  const info = await stat(path).catch((error: unknown) => {
    throw new PermanentError("advisory-source-missing", `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  });
  if (info.isFile()) return [{ path, file: path.split("/").at(-1) ?? path, size: info.size }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const found: Listed[] = [];
  for (const entry of entries) {
    // Links are not followed: they could lead out of the directory, or round in it.
    const whole = join(entry.parentPath, entry.name);
    const file = relative(path, whole);
    if (!entry.isFile() || !isSource(file)) continue;
    found.push({ path: whole, file, size: (await stat(whole)).size });
    if (found.length > limits.advisoryFilesPerSource) {
      throw new PermanentError(
        "advisory-source-too-large",
        `${path} has more than ${limits.advisoryFilesPerSource} files`,
      );
    }
  }
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/**
 * Every document below a path: `*.ndjson`, `*.tar`, `*.json` and others that are known by their names (each also
 * `.zst`, `.gz`, `.bz2` or `.xz`), and `*.zip`, in the order of the file names. `onProgress(done, total)` counts stored bytes.
 * Throws `PermanentError("advisory-source-missing" | "advisory-file-broken")`.
 */
export async function* documentsBelow(
  path: string,
  onProgress: (done: number, total: number) => void,
): AsyncGenerator<SourceDocument> {
  const files = await listSources(path);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const { path: whole, file, size } of files) {
    const before = done;
    yield* fileDocuments(whole, file, size, (share) => onProgress(Math.round(before + size * share), total));
    done += size;
    onProgress(done, total);
  }
}
