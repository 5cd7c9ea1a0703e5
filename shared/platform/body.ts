import { limits } from "./limits.ts";

/** All bytes of a stream, or undefined as soon as there are more than `limit`. Throws when the stream breaks off. */
export async function readBounded(
  stream: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the stream, so that the rest is never taken in.
    if (length > limit) return undefined;
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}

/** Parsed JSON, or undefined when the bytes are not UTF-8, not JSON, or nested deeper than `limits.jsonDepth`. */
export function parseJson(body: Uint8Array): { readonly value: unknown } | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    return nestedWithin(text, limits.jsonDepth) ? { value: JSON.parse(text) } : undefined;
  } catch {
    return undefined;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** Counts brackets outside strings before anything is built, so that depth costs neither stack nor memory. */
function nestedWithin(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === backslash) index += 1;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === openArray || code === openObject) {
      depth += 1;
      if (depth > limit) return false;
    } else if (code === closeArray || code === closeObject) depth -= 1;
  }
  return true;
}
