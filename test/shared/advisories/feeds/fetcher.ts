/** An upstream on this machine, and what a feed fetches from it. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SourceDocument } from "../../../../shared/advisories/sources/document.ts";
import { createFetcher } from "../../../../shared/advisories/sources/fetcher.ts";
import type { Feed, FeedRecord } from "../../../../shared/advisories/types.ts";

export interface Upstream {
  readonly base: string;
  /** Path (with its query) -> content; changes count at once. What is not there is answered 404. */
  readonly files: Map<string, string | Uint8Array>;
  /** Paths in the order in which they were asked for. */
  readonly asked: string[];
  /** The status of each answer since `asked` was emptied. */
  readonly answers: readonly number[];
}

export type Outcome =
  | { readonly unchanged: true; readonly remembered: Readonly<Record<string, string>> }
  | {
      readonly unchanged: false;
      readonly extent: "whole" | "changes";
      readonly documents: readonly SourceDocument[];
      readonly removed: readonly string[];
      /** What the next fetch is given: cursors and validators. */
      readonly remembered: Readonly<Record<string, string>>;
    };

/** Serves the files, with ETags, while `use` runs. */
export async function serving<Result>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (upstream: Upstream) => Promise<Result>,
): Promise<Result> {
  const content = new Map(Object.entries(files));
  const asked: string[] = [];
  const answers: number[] = [];
  const server = createServer((request, response) => {
    const path = decodeURI(request.url ?? "").slice(1);
    if (asked.length === 0) answers.length = 0;
    asked.push(path);
    response.on("finish", () => answers.push(response.statusCode));
    const body = content.get(path);
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    const etag = `"${createHash("sha256").update(body).digest("hex")}"`;
    if (request.headers["if-none-match"] === etag) response.writeHead(304, { etag }).end();
    else response.writeHead(200, { etag }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return await use({ base, files: content, asked, answers });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** One fetch of one part, with all its documents read. */
export async function fetchPart(
  feed: Feed,
  part: string,
  { base }: Upstream,
  options: { readonly remembered?: Readonly<Record<string, string>>; readonly now?: number } = {},
): Promise<Outcome> {
  const { remembered = {}, now = Date.parse("2026-03-01T00:00:00Z") } = options;
  const directory = mkdtempSync(join(tmpdir(), "portwarden-feed-"));
  try {
    const { fetcher, validators } = createFetcher(directory, {
      base,
      remembered,
      isIntact: true,
      wants: () => true,
      now: () => now,
      progress: () => undefined,
    });
    const fetched = await feed.upstream?.fetch(part, fetcher);
    if (fetched === undefined) throw new Error(`${feed.name} has no upstream`);
    if (fetched.unchanged) return { unchanged: true, remembered: { ...remembered, ...validators() } };
    const documents: SourceDocument[] = [];
    for await (const document of fetched.documents) documents.push(document);
    return {
      unchanged: false,
      extent: fetched.extent,
      documents,
      removed: fetched.removed?.() ?? [],
      remembered: { ...fetched.cursors?.(), ...validators() },
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What the feed reads out of documents. */
export function readAll(feed: Feed, documents: readonly SourceDocument[]): readonly FeedRecord[] {
  return documents.flatMap((document) => {
    const file = document.entry ?? document.file;
    if (!feed.recognises(document.bytes, file)) throw new Error(`${file} is not recognised`);
    return feed.read(document.bytes, { wants: () => true }, file);
  });
}
