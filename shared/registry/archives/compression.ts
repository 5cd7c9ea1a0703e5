/** Streams of stored layers, looked at without knowing what they are. */
import { createHash } from "node:crypto";

export type Compression = "none" | "gzip" | "zstd";

/** How a stream is compressed, by its first bytes (RFC 1952, RFC 8878). Reads no further than its first piece. */
export async function compressionOf(bytes: AsyncIterable<Uint8Array>): Promise<Compression> {
  for await (const piece of bytes) {
    if (piece[0] === 0x1f && piece[1] === 0x8b) return "gzip";
    if (piece[0] === 0x28 && piece[1] === 0xb5 && piece[2] === 0x2f && piece[3] === 0xfd) return "zstd";
    break;
  }
  return "none";
}

/** `sha256:...` of everything. */
export async function digestOfFile(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const running = createHash("sha256");
  for await (const piece of bytes) running.update(piece);
  return `sha256:${running.digest("hex")}`;
}
