import type { SourceDocument } from "../../../../shared/advisories/sources/document.ts";
import type { Affected, AffectedPackage, Feed, FeedRecord } from "../../../../shared/advisories/types.ts";
import { fetchPart, serving } from "./fetcher.ts";

/** What a fetch gave, with no documents when nothing changed. */
interface Taken {
  readonly unchanged: boolean;
  readonly extent?: "whole" | "changes";
  readonly documents: readonly SourceDocument[];
  /** For the next fetch. */
  readonly cursors: Readonly<Record<string, string>>;
}

interface Fetching {
  /** What the server has; may be changed between fetches. */
  readonly files: Map<string, string | Uint8Array>;
  fetch(feed: Feed, part: string, cursors?: Readonly<Record<string, string>>): Promise<Taken>;
}

/** Fetches from a server that has these files. */
export function withUpstream(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (fetching: Fetching) => Promise<void>,
): Promise<void> {
  return serving(files, (upstream) =>
    use({
      files: upstream.files,
      async fetch(feed, part, cursors) {
        const outcome = await fetchPart(feed, part, upstream, cursors === undefined ? {} : { remembered: cursors });
        const documents = outcome.unchanged ? [] : outcome.documents;
        return { ...outcome, documents, cursors: outcome.remembered };
      },
    }),
  );
}

/** What a feed reads out of a document that is told as JSON, or as text. */
export function readWith(feed: Feed, document: unknown, file?: string): readonly FeedRecord[] {
  const bytes = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  if (!feed.recognises(bytes, file ?? "document.json")) throw new Error(`${feed.name} does not recognise the document`);
  return feed.read(bytes, { wants: () => true }, file ?? "document.json");
}

export function advisoriesOf(records: readonly FeedRecord[]): readonly Extract<FeedRecord, { kind: "advisory" }>[] {
  return records.filter((record) => record.kind === "advisory");
}

function versionsOf({ ranges = [] }: Affected): string {
  return ranges.map((events) => events.map(([kind, version]) => `${kind} ${version}`).join(", ")).join("; ");
}

/** `Debian:12 openssl: introduced 0, fixed 3.0-1 (deferred: Minor issue) low [unimportant]`. */
export function told({ ecosystem, name, affected }: AffectedPackage): string {
  const { state, reason, severity, marks } = affected;
  const said = [state, reason].filter((text) => text !== undefined).join(": ");
  return [
    `${ecosystem} ${name}:`,
    versionsOf(affected),
    said === "" ? "" : `(${said})`,
    severity ?? "",
    marks === undefined ? "" : `[${marks.join(", ")}]`,
  ]
    .filter((text) => text !== "")
    .join(" ");
}
