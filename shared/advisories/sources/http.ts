/** Conditional downloads to a file, resumed where they broke off: RFC 9110 sections 13 and 14. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf, PermanentError, TransientError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";

/** What a server gave to ask with the next time. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export type Download =
  | { readonly unchanged: true }
  | { readonly unchanged: false; readonly bytes: number; readonly validators: Validators };

export interface DownloadOptions {
  /** Of what is here already. */
  readonly validators?: Validators | undefined;
  readonly onBytes?: (done: number, total: number | undefined) => void;
  /** Neither the answer nor its next bytes may take longer. Default 60 s. */
  readonly stallMilliseconds?: number;
  /** The most bytes to take. Default `limits.advisoryFileBytes`. */
  readonly mostBytes?: number;
  /** What the file must be. */
  readonly sha256?: string;
  /** Ends it for good when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** How often a download that broke off is taken up again. */
const resumptions = 3;

/**
 * Downloads `url` to the file at `path`. Throws `TransientError("advisories-unreachable")` when the server cannot be
 * reached, stalls, breaks off again and again or answers 429 or 5xx, and `PermanentError("advisories-refused")` for
 * other answers, a file that is too large or not what `sha256` says.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<Download> {
  let validators: Validators = {};
  for (let attempt = 0; ; attempt++) {
    const outcome = await once(url, path, attempt === 0 ? undefined : validators, options);
    if (outcome === "unchanged") return { unchanged: true };
    validators = outcome.validators;
    if (outcome.brokeOff !== undefined) {
      // Without a validator nobody knows whether the rest belongs to what is here.
      const isOver = attempt >= resumptions || options.signal?.aborted === true;
      if (isOver || validatorOf(validators) === undefined) throw outcome.brokeOff;
      continue;
    }
    if (options.sha256 !== undefined) await verify(url, path, options.sha256);
    return { unchanged: false, bytes: outcome.bytes, validators };
  }
}

interface Outcome {
  readonly bytes: number;
  readonly validators: Validators;
  readonly brokeOff?: TransientError;
}

/** `resume`: the validators of the part that is in the file already. */
async function once(
  url: string,
  path: string,
  resume: Validators | undefined,
  options: DownloadOptions,
): Promise<Outcome | "unchanged"> {
  const stall = new AbortController();
  const limit = options.stallMilliseconds ?? 60_000;
  const signal = options.signal === undefined ? stall.signal : AbortSignal.any([stall.signal, options.signal]);
  const timer = setTimeout(() => stall.abort(new Error(`no answer within ${limit / 1000} s`)), limit);
  try {
    const held = resume === undefined ? 0 : (await stat(path)).size;
    const response = await fetch(url, { signal, headers: headersFor(options, resume, held) });
    if (response.status === 304) return "unchanged";
    if (!response.ok) throw refusal(url, response);
    const start = response.status === 206 ? held : 0;
    const validators = resume !== undefined && response.status === 206 ? resume : validatorsIn(response);
    const progress = { done: start };
    try {
      await store(response, path, { start, progress, alive: () => timer.refresh(), ...options });
    } catch (error) {
      if (error instanceof PermanentError) throw error;
      return { bytes: progress.done, validators, brokeOff: unreachable(url, error) };
    }
    return { bytes: progress.done, validators };
  } catch (error) {
    if (error instanceof PermanentError || error instanceof TransientError) throw error;
    throw unreachable(url, error);
  } finally {
    clearTimeout(timer);
  }
}

function headersFor({ validators }: DownloadOptions, resume: Validators | undefined, held: number) {
  const known = resume === undefined ? validators : undefined;
  const ifRange = resume === undefined || held === 0 ? undefined : validatorOf(resume);
  return {
    accept: "*/*",
    // What is stored is hashed and counted as it comes.
    "accept-encoding": "identity",
    ...(known?.etag !== undefined && { "if-none-match": known.etag }),
    ...(known?.lastModified !== undefined && { "if-modified-since": known.lastModified }),
    ...(ifRange !== undefined && { range: `bytes=${held}-`, "if-range": ifRange }),
  };
}

/** A weak ETag does not vouch for bytes. */
function validatorOf({ etag, lastModified }: Validators): string | undefined {
  return etag?.startsWith('"') === true ? etag : lastModified;
}

const longestValidator = 256;

function validatorsIn(response: Response): Validators {
  const etag = response.headers.get("etag");
  const lastModified = response.headers.get("last-modified");
  return {
    ...(etag !== null && etag.length <= longestValidator && { etag }),
    ...(lastModified !== null && lastModified.length <= longestValidator && { lastModified }),
  };
}

function refusal(url: string, response: Response): Error {
  const message = `${url} answered ${response.status}`;
  void response.body?.cancel();
  return response.status === 429 || response.status >= 500
    ? new TransientError("advisories-unreachable", message)
    : new PermanentError("advisories-refused", message);
}

interface Storing extends DownloadOptions {
  readonly start: number;
  readonly progress: { done: number };
  readonly alive: () => void;
}

async function store(response: Response, path: string, options: Storing): Promise<void> {
  const { start, progress, alive, onBytes } = options;
  const announced = Number(response.headers.get("content-length") ?? Number.NaN);
  const total = Number.isFinite(announced) ? start + announced : undefined;
  const most = options.mostBytes ?? limits.advisoryFileBytes;
  async function* counted(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      alive();
      progress.done += chunk.length;
      if (progress.done > most) throw new PermanentError("advisories-refused", `more than ${most} bytes`);
      onBytes?.(progress.done, total);
      yield chunk;
    }
  }
  const body = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
  const file = start > 0 ? { flags: "a" } : { mode: 0o600 };
  await pipeline(body, counted, createWriteStream(path, file));
  if (total !== undefined && progress.done < total) throw new Error(`it ended at ${progress.done} of ${total} bytes`);
}

async function verify(url: string, path: string, sha256: string): Promise<void> {
  const hash = createHash("sha256");
  const file = await open(path, "r");
  for await (const chunk of file.createReadStream()) hash.update(chunk as Buffer);
  const actual = hash.digest("hex");
  if (actual !== sha256.toLowerCase()) {
    throw new PermanentError("advisories-refused", `${url} has the SHA-256 ${actual}, not ${sha256}`);
  }
}

function unreachable(url: string, error: unknown): TransientError {
  return new TransientError("advisories-unreachable", `${url}: ${reasonOf(error)}`, { cause: error });
}

/** `fetch` hides the reason in the cause: `fetch failed` says nothing. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? messageOf(cause) : messageOf(error);
}
