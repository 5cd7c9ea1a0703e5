/** The `Blobs` port in a folder. */
import { hash, randomUUID } from "node:crypto";
import type { Dirent } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TransientError } from "../errors.ts";
import type { Blobs, ByteRange } from "../ports.ts";
import { checkBlobKey } from "../validation.ts";

export interface EmbeddedBlobsOptions {
  /** Force each body to the disk before it gets its name: survives power failures too. Default false. */
  readonly fsync?: boolean;
}

/** What a crash may leave of a write; older ones are removed by the first write of a process. */
const staleMilliseconds = 3_600_000;

/**
 * Keeps blobs below `<directory>/blobs`. A body is written beside the tree and then renamed into its place: readers see
 * the old one or the new one, whole. A full or failing disk is `TransientError("blobs-unavailable")`.
 */
export function embeddedBlobs(directory: string, { fsync = false }: EmbeddedBlobsOptions = {}): Blobs {
  const root = join(directory, "blobs");
  const temporary = join(directory, "blobs.tmp");
  let prepared: Promise<void> | undefined;

  async function prepare(): Promise<void> {
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    for (const name of await readdir(temporary)) {
      const file = join(temporary, name);
      const details = await absent(stat(file));
      if (details !== undefined && details.mtimeMs < Date.now() - staleMilliseconds) await rm(file, { force: true });
    }
  }

  async function write(key: string, body: Uint8Array): Promise<void> {
    prepared ??= prepare();
    await prepared;
    const file = join(temporary, randomUUID());
    try {
      const handle = await open(file, "wx", 0o600);
      try {
        await handle.writeFile(body);
        if (fsync) await handle.sync();
      } finally {
        await handle.close();
      }
      await place(file, join(root, pathOf(key)));
    } catch (thrown) {
      await rm(file, { force: true });
      throw thrown;
    }
  }

  return {
    async put(key, body) {
      checkBlobKey(key);
      await outages(write(key, body));
    },
    async get(key, range) {
      checkBlobKey(key);
      const file = join(root, pathOf(key));
      return await outages(absent(range === undefined ? readFile(file) : readRange(file, range)));
    },
    async has(key) {
      checkBlobKey(key);
      return (await outages(absent(stat(join(root, pathOf(key)))))) !== undefined;
    },
    async remove(key) {
      checkBlobKey(key);
      await outages(rm(join(root, pathOf(key)), { force: true }));
    },
    async *list(prefix) {
      const keys: string[] = [];
      await outages(collect(root, "", prefix, keys));
      yield* keys.sort((a, b) => (a < b ? -1 : 1));
    },
  };
}

async function readRange(path: string, { offset, length }: ByteRange): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const body = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
    let filled = 0;
    while (filled < body.length) {
      const { bytesRead } = await handle.read(body, filled, body.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return body.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

/** Most directories are there already; the first write into one makes it. */
async function place(file: string, path: string): Promise<void> {
  try {
    await rename(file, path);
  } catch (thrown) {
    if (!isAbsence(thrown)) throw thrown;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(file, path);
  }
}

const pieceLength = 100;

/**
 * Where a key's body lies. Each segment is a directory, and the last one a file in one of 256 shards `~00` … `~ff` of
 * its directory, so that `a` and `a/b` do not meet and no directory grows huge. Capitals become `^a`, so that file
 * systems that ignore case tell them apart. A segment too long for a file name is cut; `~` ends the pieces before its
 * last. Neither `~` nor `^` occurs in a key.
 */
function pathOf(key: string): string {
  const pieces = key.split("/").flatMap((segment) => {
    const cut = Array.from({ length: Math.ceil(segment.length / pieceLength) }, (_, n) =>
      segment.slice(n * pieceLength, (n + 1) * pieceLength).replace(/[A-Z]/g, (capital) => `^${capital.toLowerCase()}`),
    );
    return cut.map((piece, index) => (index < cut.length - 1 ? `${piece}~` : piece));
  });
  const file = pieces.pop() ?? "";
  return join(...pieces, `~${hash("sha256", key).slice(0, 2)}`, file);
}

const decode = (name: string) => name.replace(/\^([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Adds the keys below a directory whose keys all begin with `start`, leaving out what cannot have the prefix. */
async function collect(directory: string, start: string, prefix: string, keys: string[]): Promise<void> {
  const entries: Dirent[] = (await absent(readdir(directory, { withFileTypes: true }))) ?? [];
  for (const { name } of entries) {
    const path = join(directory, name);
    if (name.startsWith("~")) {
      for (const file of (await absent(readdir(path))) ?? []) {
        const key = start + decode(file);
        if (key.startsWith(prefix)) keys.push(key);
      }
      continue;
    }
    const below = start + (name.endsWith("~") ? decode(name.slice(0, -1)) : `${decode(name)}/`);
    if (below.startsWith(prefix) || prefix.startsWith(below)) await collect(path, below, prefix, keys);
  }
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
}

function isAbsence(thrown: unknown): boolean {
  return codeOf(thrown) === "ENOENT";
}

/** The result, or undefined when the file is not there. */
async function absent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (isAbsence(thrown)) return undefined;
    throw thrown;
  }
}

async function outages<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    throw new TransientError("blobs-unavailable", `the blob folder: ${String(codeOf(thrown) ?? thrown)}`, {
      cause: thrown,
    });
  }
}
