/**
 * HTTP for registries, on Node's own client: redirects by hand, every hop judged by the network policy, bounded bodies,
 * and timeouts. It knows nothing of registries but the headers that must not leak.
 */
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { messageOf, PermanentError, TransientError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { agentFor, checkLiteral, type Reach } from "./connect.ts";
import type { NetworkPolicy } from "./policy.ts";
import { retryAfterSeconds, type Timing } from "./timing.ts";

export interface HttpOptions {
  readonly policy: NetworkPolicy;
  readonly timing: Timing;
  /** The registry on whose behalf this is sent: what it may reach, its redirects may reach. */
  readonly registry: string;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
}

/**
 * Sends a request and follows its redirects. `Authorization` goes to the first origin only.
 * @returns the answer, whatever its status; its body must be read or destroyed
 * @throws PermanentError `registry-not-allowed`; TransientError for every fault of the network
 */
export async function send(request: HttpRequest, options: HttpOptions): Promise<IncomingMessage> {
  let current = request;
  for (let hop = 0; hop <= limits.redirects; hop++) {
    const response = await exchange(current, options);
    const location = redirectOf(response);
    if (location === undefined || request.method === "POST") return response;
    discard(response);
    const url = parseUrl(location, current.url);
    const { authorization, ...others } = current.headers;
    const sameOrigin = url.origin === request.url.origin && authorization !== undefined;
    current = { ...current, url, headers: sameOrigin ? { ...others, authorization } : others };
  }
  throw new TransientError("registry-redirects", `${request.url.host} redirected over ${limits.redirects} times`);
}

function redirectOf(response: IncomingMessage): string | undefined {
  const redirects = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0);
  return redirects ? response.headers.location : undefined;
}

function parseUrl(location: string, base: URL): URL {
  if (location.length > 16_384 || !URL.canParse(location, base.href)) {
    throw new TransientError("registry-redirects", `${base.host} redirected to what is no address`);
  }
  return new URL(location, base);
}

/** One request and the head of its answer. */
function exchange(request: HttpRequest, options: HttpOptions): Promise<IncomingMessage> {
  const { url, method, headers } = request;
  const { timing } = options;
  const scheme = schemeOf(url, options);
  const reach = reachOf(url, options);
  checkLiteral(url.hostname, reach);
  return new Promise((resolve, reject) => {
    const how = { method, headers, agent: agentFor(scheme, reach) };
    const outgoing = scheme === "https:" ? httpsRequest(url, how) : httpRequest(url, how);
    const timeout = (what: string) => new TransientError("registry-timeout", `${url.host} ${what} in time`);
    let timer = setTimeout(() => outgoing.destroy(timeout("did not answer")), timing.connectMilliseconds);
    const waitForAnswer = () => {
      clearTimeout(timer);
      timer = setTimeout(() => outgoing.destroy(timeout("did not answer")), timing.idleMilliseconds);
    };
    outgoing.once("socket", (socket) => {
      if (!socket.connecting) waitForAnswer();
      else socket.once(scheme === "https:" ? "secureConnect" : "connect", waitForAnswer);
    });
    outgoing.once("response", (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    outgoing.on("error", (error) => {
      clearTimeout(timer);
      reject(networkError(error, url.host));
    });
    // An answer that is none (101, for one) ends without a response and without an error.
    outgoing.once("close", () => {
      clearTimeout(timer);
      reject(networkError(new Error("the connection ended without an answer"), url.host));
    });
    outgoing.end(request.body);
  });
}

/** Plain HTTP only to hosts for which it is the registry's own scheme. */
function schemeOf(url: URL, options: HttpOptions): "http:" | "https:" {
  if (url.protocol === "https:") return "https:";
  if (url.protocol === "http:" && hostsOf(url).some((host) => options.policy.schemeOf(host) === "http:"))
    return "http:";
  const what = `${url.protocol}//${url.host}`;
  throw new PermanentError("registry-not-allowed", `${what} is not encrypted, which the settings do not allow`);
}

function reachOf(url: URL, options: HttpOptions): Reach {
  const { policy, registry } = options;
  return [registry, ...hostsOf(url)].some((host) => policy.mayBePrivate(host)) ? "private" : "public";
}

/** As settings may write it: `URL` leaves out the port when it is the scheme's own. */
function hostsOf(url: URL): readonly string[] {
  return url.port === "" ? [url.host, `${url.host}:${url.protocol === "https:" ? 443 : 80}`] : [url.host];
}

/** A fault of the connection, as the kind of error it is. */
export function networkError(error: unknown, host: string): PermanentError | TransientError {
  if (error instanceof PermanentError || error instanceof TransientError) return error;
  return new TransientError("registry-unreachable", `${host}: ${messageOf(error)}`, { cause: error });
}

/** Slower than this on the whole is as good as silent: a drip must not hold a scan for days. */
const slowestBytesPerMillisecond = 10;

/**
 * The pieces of a body, with a limit on the wait for each and on the waits altogether. The time that the reader itself
 * takes does not count.
 */
export async function* bodyOf(
  response: IncomingMessage,
  host: string,
  timing: Timing,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
  const stalled = () => response.destroy(new TransientError("registry-timeout", `${host} stopped sending`));
  let received = 0;
  let waited = 0;
  try {
    for (;;) {
      const left = timing.idleMilliseconds + received / slowestBytesPerMillisecond - waited;
      const timer = setTimeout(stalled, Math.max(0, Math.min(timing.idleMilliseconds, left)));
      const start = performance.now();
      const next = await iterator.next().finally(() => clearTimeout(timer));
      waited += performance.now() - start;
      if (next.done === true) return;
      received += next.value.length;
      yield next.value;
    }
  } catch (error) {
    throw networkError(error, host);
  } finally {
    response.destroy();
  }
}

/**
 * A whole body.
 * @throws PermanentError `manifest-too-large` over the limit
 */
export async function readBody(
  response: IncomingMessage,
  host: string,
  limit: number,
  timing: Timing,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of bodyOf(response, host, timing)) {
    size += part.length;
    if (size > limit) throw new PermanentError("manifest-too-large", `${host} sent a document over ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Reads a short rest away, so that the connection can be used again, and closes the connection before a long one. */
export function discard(response: IncomingMessage): void {
  const length = Number(response.headers["content-length"] ?? Number.POSITIVE_INFINITY);
  if (length <= 65_536) response.resume();
  else response.destroy();
}

/**
 * The failure that a status means: 404 and 410 gone, 429 and 5xx to be tried again, every other one refused.
 * @param what for the message, e.g. `docker.io/library/alpine:3.20`
 */
export function failureOf(response: IncomingMessage, what: string): PermanentError | TransientError {
  const status = response.statusCode ?? 0;
  if (status === 404 || status === 410) return new PermanentError("image-gone", `${what} is not there`);
  if (status === 401 || status === 403) {
    return new PermanentError("registry-forbidden", `the registry does not give ${what} to us (${status})`);
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const seconds = retryAfterSeconds(response.headers["retry-after"], Date.now());
    const options = seconds === undefined ? {} : { retryAfterSeconds: seconds };
    const code = status === 429 ? "registry-throttled" : "registry-unavailable";
    return new TransientError(code, `the registry answered ${status} for ${what}`, options);
  }
  return new PermanentError("registry-forbidden", `the registry refused ${what} (${status})`);
}
