/**
 * A directory as a tar stream: entries in name order, times and owners left out, so that the same files give the same
 * bytes. Symlinks are entries and are never followed; devices, pipes and sockets are left out, and so are other mounted
 * filesystems that the kernel makes up (/proc, /sys), where reading has no end.
 */
import { createHash } from "node:crypto";
import { constants, type Dirent, type Stats } from "node:fs";
import { lstat, open, readdir, readlink, statfs } from "node:fs/promises";
import { join } from "node:path";
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import type { Log } from "../../platform/ports.ts";
import type { Descriptor } from "../types.ts";
import { fileError } from "./files.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar-header.ts";

/** `f_type` of filesystems without files of their own: proc, sysfs, cgroup, devpts, debugfs, tracefs, securityfs, bpf. */
const inventedFilesystems: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x64626720, 0x74726163, 0x73636673, 0xcafe4a11,
]);

const pieceBytes = 256 * 1024;

export interface DirectoryTar {
  /** Reads all of it once, for digest and size. */
  describe(mediaType: string): Promise<Descriptor>;
  read(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** @param log told once how much could not be read */
export function tarOfDirectory(root: string, log?: Log): DirectoryTar {
  const unread: string[] = [];
  return {
    read: () => stream(root, unread),
    describe: async (mediaType) => {
      const running = createHash("sha256");
      let size = 0;
      for await (const piece of stream(root, unread)) {
        running.update(piece);
        size += piece.length;
        if (size > limits.layerBytes) {
          throw new PermanentError("manifest-too-large", `${root} holds over ${limits.layerBytes} bytes`);
        }
      }
      if (unread.length > 0) {
        log?.warn("parts of the directory could not be read", { count: unread.length, first: unread[0] });
      }
      return { mediaType, digest: `sha256:${running.digest("hex")}`, size };
    },
  };
}

async function* stream(root: string, unread: string[]): AsyncGenerator<Uint8Array, void, undefined> {
  const device = (await status(root, unread))?.dev;
  // A stack of what is still to come, nearest last: depth costs no call stack.
  const waiting = await children(root, "", unread);
  for (let entries = 0; ; entries++) {
    const path = waiting.pop();
    if (path === undefined) break;
    if (entries >= limits.entriesPerLayer) {
      throw new PermanentError("not-an-image", `${root} holds over ${limits.entriesPerLayer} files`);
    }
    const found = await status(join(root, path), unread);
    if (found?.isDirectory() === true) {
      yield tarHeader({ path, type: "directory", size: 0, mode: found.mode });
      const invented = found.dev !== device && (await isInvented(join(root, path)));
      if (!invented) waiting.push(...(await children(root, path, unread)));
    } else if (found?.isSymbolicLink() === true) {
      const linkPath = await readlink(join(root, path)).catch(() => undefined);
      if (linkPath !== undefined) yield tarHeader({ path, type: "symlink", size: 0, mode: 0o777, linkPath });
    } else if (found?.isFile() === true) {
      yield* fileEntry(root, path, unread);
    }
  }
  yield tarEnd;
}

/** Reversed, because they are taken from the end. */
async function children(root: string, path: string, unread: string[]): Promise<string[]> {
  let found: Dirent[];
  try {
    found = await readdir(join(root, path), { withFileTypes: true });
  } catch (error) {
    if (path === "") throw fileError(error, root);
    unread.push(path);
    return [];
  }
  const names = found.map((one) => one.name).sort();
  return names.reverse().map((name) => (path === "" ? name : `${path}/${name}`));
}

function status(path: string, unread: string[]): Promise<Stats | undefined> {
  return lstat(path).catch(() => {
    unread.push(path);
    return undefined;
  });
}

function isInvented(path: string): Promise<boolean> {
  return statfs(path).then(
    ({ type }) => inventedFilesystems.has(type),
    () => true,
  );
}

/** Exactly as many bytes as the header promises: a file that shrinks is filled up, one that grows is cut. */
async function* fileEntry(root: string, path: string, unread: string[]): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await open(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (handle === undefined) return void unread.push(path);
  try {
    const { size, mode } = await handle.stat();
    yield tarHeader({ path, type: "file", size, mode });
    for (let done = 0; done < size; ) {
      const piece = Buffer.alloc(Math.min(pieceBytes, size - done));
      const { bytesRead } = await handle.read(piece, 0, piece.length, done);
      const taken = bytesRead === 0 ? piece.length : bytesRead;
      done += taken;
      yield piece.subarray(0, taken);
    }
    const padding = tarPadding(size);
    if (padding.length > 0) yield padding;
  } finally {
    await handle.close();
  }
}
