/** Conditional downloads to a file: RFC 9110 section 13, `If-None-Match`. */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf, PermanentError, TransientError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";

export type Download =
  | { readonly unchanged: true }
  | { readonly unchanged: false; readonly bytes: number; readonly etag?: string };

export interface DownloadOptions {
  /** The ETag of what is here already. */
  readonly etag?: string | undefined;
  readonly onBytes?: (done: number, total: number | undefined) => void;
  /** Neither the answer nor its next bytes may take longer. Default 60 s. */
  readonly stallMilliseconds?: number;
}

/**
 * Downloads `url` to the file at `path`. Throws `TransientError("advisories-unreachable")` when the server cannot be
 * reached, stalls, breaks off or answers 429 or 5xx, and `PermanentError("advisories-refused")` for other answers.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<Download> {
  const stall = new AbortController();
  const limit = options.stallMilliseconds ?? 60_000;
  const timer = setTimeout(() => stall.abort(new Error(`no answer within ${limit / 1000} s`)), limit);
  try {
    const response = await fetch(url, {
      signal: stall.signal,
      headers: { accept: "*/*", ...(options.etag !== undefined && { "if-none-match": options.etag }) },
    });
    if (response.status === 304) return { unchanged: true };
    if (!response.ok) throw refusal(url, response);
    const bytes = await store(response, path, options, () => timer.refresh());
    const etag = response.headers.get("etag");
    return { unchanged: false, bytes, ...(etag !== null && etag.length <= 256 && { etag }) };
  } catch (error) {
    if (error instanceof PermanentError || error instanceof TransientError) throw error;
    throw new TransientError("advisories-unreachable", `${url}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function refusal(url: string, response: Response): Error {
  const message = `${url} answered ${response.status}`;
  void response.body?.cancel();
  return response.status === 429 || response.status >= 500
    ? new TransientError("advisories-unreachable", message)
    : new PermanentError("advisories-refused", message);
}

async function store(response: Response, path: string, options: DownloadOptions, alive: () => void): Promise<number> {
  const announced = Number(response.headers.get("content-length") ?? Number.NaN);
  const total = Number.isFinite(announced) ? announced : undefined;
  let done = 0;
  async function* counted(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      alive();
      done += chunk.length;
      if (done > limits.advisoryFileBytes) {
        throw new PermanentError("advisories-refused", `more than ${limits.advisoryFileBytes} bytes`);
      }
      options.onBytes?.(done, total);
      yield chunk;
    }
  }
  const body = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
  await pipeline(body, counted, createWriteStream(path, { mode: 0o600 }));
  return done;
}

/** `fetch` hides the reason in the cause: `fetch failed` says nothing. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? messageOf(cause) : messageOf(error);
}
