/** How a feed reads its upstream: downloads below its base, remembered validators, bounded bytes. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { PermanentError } from "../../platform/errors.ts";
import type { Fetcher } from "../types.ts";
import { download, type Validators } from "./http.ts";

export interface FetcherOptions {
  readonly base: string;
  /** What the last successful fetch left: cursors, and validators as `etag <path>` and `last-modified <path>`. */
  readonly remembered: Readonly<Record<string, string>>;
  /** Conditional requests make sense only while what they gave is still there. */
  readonly isIntact: boolean;
  readonly wants: Fetcher["wants"];
  readonly now: () => number;
  readonly progress: Fetcher["progress"];
  /** Ends downloads when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** A fetcher that keeps its files in `directory`, and the validators to remember once the fetch has succeeded. */
export function createFetcher(
  directory: string,
  options: FetcherOptions,
): { readonly fetcher: Fetcher; readonly validators: () => Readonly<Record<string, string>> } {
  const base = options.base.replace(/\/+$/, "");
  const validators: Record<string, string> = {};
  let files = 0;

  const urlOf = (path: string): string => {
    if (!/^https?:\/\//.test(path)) return `${base}/${path.replace(/^\/+/, "")}`;
    if (new URL(path).origin !== new URL(base).origin) {
      throw new PermanentError("advisories-refused", `${path} leads away from ${base}`);
    }
    return path;
  };
  const remember = (path: string, { etag, lastModified }: Validators) => {
    if (etag !== undefined) validators[`etag ${path}`] = etag;
    if (lastModified !== undefined) validators[`last-modified ${path}`] = lastModified;
  };
  const known = (path: string): Validators => {
    const etag = options.remembered[`etag ${path}`];
    const lastModified = options.remembered[`last-modified ${path}`];
    return { ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
  };

  const fetcher: Fetcher = {
    base,
    cursors: options.isIntact ? options.remembered : {},
    now: options.now,
    wants: options.wants,
    progress: options.progress,
    async file(path, { conditional = false, sha256 } = {}) {
      const target = join(directory, `download-${files++}`);
      const asked = conditional && options.isIntact ? known(path) : undefined;
      const fetched = await download(urlOf(path), target, {
        validators: asked,
        onBytes: options.progress,
        signal: options.signal,
        ...(sha256 !== undefined && { sha256 }),
      });
      if (fetched.unchanged) {
        if (asked === undefined || Object.keys(asked).length === 0) {
          throw new PermanentError("advisories-refused", `${urlOf(path)} answered 304 to a plain request`);
        }
        remember(path, asked);
        return { unchanged: true };
      }
      remember(path, fetched.validators);
      return { unchanged: false, path: target, bytes: fetched.bytes };
    },
    async bytes(path, { mostBytes = 16 * 1024 * 1024 } = {}) {
      const target = join(directory, `download-${files++}`);
      await download(urlOf(path), target, { mostBytes, signal: options.signal });
      const bytes = await readFile(target);
      await rm(target, { force: true });
      return bytes;
    },
  };
  return { fetcher, validators: () => validators };
}
