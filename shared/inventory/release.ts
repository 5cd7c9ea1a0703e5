/**
 * Gives the memory of used buffers back at once. The garbage collector would do it in time, but it sees only the small
 * handles: by then tens of megabytes have piled up, and freeing them costs a collection of everything.
 */

/** Below it nothing is gained, and small buffers may be shared. */
const smallest = 16 * 1024;

/** For bytes that nobody reads any more. What is a part of something larger is left to the collector. */
export function release(bytes: Uint8Array): void {
  if (bytes.byteOffset === 0) releaseEnd(bytes);
}

/** The same for pieces that are cut from one buffer in order: the last of them gives it back. */
export function releaseEnd(bytes: Uint8Array): void {
  const { buffer } = bytes;
  // Never Node's pool, which small buffers share.
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < Math.max(smallest, Buffer.poolSize + 1)) return;
  if (bytes.byteOffset + bytes.byteLength === buffer.byteLength) buffer.transfer(0);
}
