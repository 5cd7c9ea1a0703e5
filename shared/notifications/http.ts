import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { messageOf } from "../platform/errors.ts";

/** What became of one POST. Only `answer` and `not-sent` are certain. */
export type PostOutcome =
  | { readonly kind: "answer"; readonly status: number; readonly retryAfter?: string; readonly body: string }
  /** The connection never came about: the receiver has seen nothing. */
  | { readonly kind: "not-sent"; readonly reason: string }
  /** Connected, and then no answer: the receiver may have acted. */
  | { readonly kind: "unknown"; readonly reason: string };

const answerBytes = 64 * 1024;

/**
 * Posts JSON once: no redirect is followed, nothing is tried again. Every post has a connection of its own, because
 * only then a failure to connect proves that nothing was sent; a kept-alive connection that the other side closed
 * while a function was frozen would look like an answer that was lost.
 */
export async function postJson(
  url: URL,
  body: unknown,
  options: { readonly timeoutMilliseconds: number; readonly authorization?: string },
): Promise<PostOutcome> {
  const payload = JSON.stringify(body);
  const tls = url.protocol === "https:";
  const { promise, resolve } = Promise.withResolvers<PostOutcome>();
  let connected = false;

  const request = (tls ? tlsRequest : plainRequest)(url, {
    method: "POST",
    agent: false,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(payload),
      ...(options.authorization === undefined ? {} : { authorization: options.authorization }),
    },
  });
  const fail = (reason: string) => resolve({ kind: connected ? "unknown" : "not-sent", reason });
  const timer = setTimeout(() => {
    fail(`no answer within ${options.timeoutMilliseconds} ms`);
    request.destroy();
  }, options.timeoutMilliseconds);

  request.once("socket", (socket) => {
    if (!tls && !socket.connecting) connected = true;
    socket.once(tls ? "secureConnect" : "connect", () => {
      connected = true;
    });
  });
  request.once("error", (error) => fail(reasonOf(error)));
  request.once("response", (response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const answer = () => {
      const retryAfter = response.headers["retry-after"];
      resolve({
        kind: "answer",
        status: response.statusCode ?? 0,
        ...(retryAfter === undefined ? {} : { retryAfter }),
        body: Buffer.concat(chunks).toString("utf8"),
      });
    };
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > answerBytes) response.destroy();
    });
    // The status is known once the head is here: a body that breaks off is an answer, as far as it came.
    response.once("error", () => undefined);
    response.once("close", answer);
  });
  request.end(payload);

  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    request.destroy();
  }
}

/** Seconds to wait by a `Retry-After` header (RFC 9110, 10.2.3: seconds or a date), between 1 and 3,600. */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(header.trim()) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(3600, Math.max(1, Math.ceil(seconds)));
}

/** A short reason without the address: a webhook's URL is a secret. */
function reasonOf(error: Error): string {
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return code ?? (messageOf(error).includes("socket hang up") ? "connection closed" : error.name);
}
