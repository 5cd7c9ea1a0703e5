/** Local files as content: opened once, read by range, never whole. */
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { messageOf, PermanentError } from "../../platform/errors.ts";

/** One read of a file; each piece is a buffer of its own, because readers may keep it. */
const pieceBytes = 256 * 1024;

/**
 * Opens a regular file for reading; never waits on a pipe or a device.
 * @throws PermanentError `image-gone`, `registry-forbidden` (no right to read it), `not-an-image` (no regular file)
 */
export async function openFile(path: string): Promise<{ readonly handle: FileHandle; readonly size: number }> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await handle.stat();
    if (status.isFile()) return { handle, size: status.size };
  } catch (error) {
    await handle?.close();
    throw fileError(error, path);
  }
  await handle.close();
  throw new PermanentError("not-an-image", `${path} is not a file`);
}

/** A fault of the file system, as the kind of error it is for an image source. */
export function fileError(error: unknown, path: string): PermanentError {
  if (error instanceof PermanentError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return new PermanentError("image-gone", `there is no ${path}`);
  if (code === "EACCES" || code === "EPERM")
    return new PermanentError("registry-forbidden", `no right to read ${path}`);
  return new PermanentError("not-an-image", `${path} cannot be read: ${messageOf(error)}`, { cause: error });
}

/**
 * The bytes of a range.
 * @throws PermanentError `truncated-layer` when the file ends before it
 */
export async function* readRange(
  handle: FileHandle,
  offset: number,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let done = 0; done < size; ) {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, size - done));
    const { bytesRead } = await handle.read(piece, 0, piece.length, offset + done);
    if (bytesRead === 0) throw new PermanentError("truncated-layer", `the file ends after ${done} of ${size} bytes`);
    done += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

/**
 * Splits `PATH[:ref]`. A path may hold colons, so the longest one that exists wins; without any the first colon splits.
 */
export async function splitPath(text: string): Promise<{ readonly path: string; readonly reference?: string }> {
  if (text === "") throw new PermanentError("bad-reference", "a path is missing behind the colon");
  for (let end = text.length; end > 0; end = text.lastIndexOf(":", end - 1)) {
    const path = text.slice(0, end);
    if (
      await stat(path).then(
        () => true,
        () => false,
      )
    ) {
      return end === text.length ? { path } : { path, reference: text.slice(end + 1) };
    }
  }
  const colon = text.indexOf(":");
  return colon < 0 ? { path: text } : { path: text.slice(0, colon), reference: text.slice(colon + 1) };
}
