/** Blobs of a registry as streams that survive interruptions (distribution-spec 1.1, pulling blobs; RFC 9110, ranges). */
import type { IncomingMessage } from "node:http";
import { PermanentError, TransientError } from "../../platform/errors.ts";
import type { Log } from "../../platform/ports.ts";
import type { Descriptor } from "../types.ts";
import { bodyOf, failureOf } from "./http.ts";
import type { Session } from "./session.ts";
import { pause } from "./timing.ts";

/** Connections that one blob may take, however little each of them brings. */
const mostResumes = 100;

/**
 * The bytes of a blob, not yet verified. A connection that breaks is made again from where it broke: up to `tries`
 * times without progress, then the last `TransientError` is thrown.
 */
export async function* readBlob(
  session: Session,
  descriptor: Descriptor,
  log: Log,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { timing } = session;
  let offset = 0;
  let failures = 0;
  for (let resumed = 0; ; resumed++) {
    const before = offset;
    try {
      for await (const chunk of readFrom(session, descriptor, offset)) {
        offset += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      // The connection broke after the last byte: nothing is missing.
      if (offset > 0 && offset >= descriptor.size) return;
      failures = offset > before ? 1 : failures + 1;
      if (failures >= timing.tries || resumed >= mostResumes) throw error;
      log.debug("blob interrupted, going on from where it stopped", { digest: descriptor.digest, offset });
      await pause(error, failures, timing);
    }
  }
}

/** One connection's worth of a blob, from `offset`. Ends normally only at the blob's end. */
async function* readFrom(
  session: Session,
  descriptor: Descriptor,
  offset: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const range = offset === 0 ? {} : { range: `bytes=${offset}-` };
  const response = await session.get(`blobs/${descriptor.digest}`, { accept: "*/*", ...range });
  try {
    let skip = bytesToSkip(response, descriptor, offset);
    let received = offset - skip;
    for await (const chunk of bodyOf(response, session.registry, session.timing)) {
      received += chunk.length;
      const useful = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - useful.length;
      if (useful.length > 0) yield useful;
    }
    if (received < descriptor.size) {
      throw new TransientError(
        "registry-truncated",
        `${session.registry} sent ${received} of ${descriptor.size} bytes`,
      );
    }
  } finally {
    response.destroy();
  }
}

/**
 * Reads the head of a blob's answer.
 * @returns how many bytes of the body lie before the wanted offset: a server may ignore `Range`
 */
function bytesToSkip(response: IncomingMessage, descriptor: Descriptor, offset: number): number {
  const what = `blob ${descriptor.digest}`;
  if (response.statusCode === 416) throw truncated(what, `no more than ${offset}`, descriptor);
  if (response.statusCode !== 200 && response.statusCode !== 206) throw failureOf(response, what);
  const partial = response.statusCode === 206;
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers["content-range"] ?? "") ?? [];
  if (partial && Number(start) !== offset) {
    throw new TransientError("registry-range", `${what}: another range was sent than asked for`);
  }
  const size = Number(partial ? total : response.headers["content-length"]);
  if (size > descriptor.size) {
    throw new PermanentError("digest-mismatch", `${what} is longer than ${descriptor.size} bytes`);
  }
  if (size < descriptor.size) throw truncated(what, String(size), descriptor);
  return partial ? 0 : offset;
}

function truncated(what: string, size: string, descriptor: Descriptor): PermanentError {
  return new PermanentError("truncated-layer", `${what} has ${size} of ${descriptor.size} bytes`);
}
