/** The parts of every enabled feed, and the fetch of one of them; what fails keeps what it had, and the others go on. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, PermanentError } from "../../platform/errors.ts";
import type { Platform } from "../../platform/ports.ts";
import { ecosystemFamily } from "../ecosystems.ts";
import { feeds } from "../registry.generated.ts";
import { blobsOf, type Manifest, type ManifestSource } from "../set/manifest.ts";
import { areIntact } from "../set/publish.ts";
import type { AdvisorySettings } from "../settings.ts";
import { createFetcher } from "../sources/fetcher.ts";
import type { Feed, FeedUpstream, Fetched } from "../types.ts";
import { type Intake, sourceCountOf, sourceName, takeIn } from "./intake.ts";

/** How the fetch of one source ended. `at`: when it began, ISO 8601. */
export type Outcome = { readonly at: string } & (
  | {
      readonly state: "updated";
      readonly feed: string;
      readonly part: string;
      readonly extent: "whole" | "changes";
      readonly from: string;
      readonly cursors: Readonly<Record<string, string>>;
      readonly removed: ReadonlySet<string>;
    }
  | { readonly state: "unchanged"; readonly cursors: Readonly<Record<string, string>> }
  | {
      readonly state: "failed";
      readonly feed: string;
      readonly part: string;
      readonly from: string;
      readonly error: unknown;
    }
);

export interface Fetching {
  readonly ports: Pick<Platform, "clock" | "log" | "progress" | "blobs">;
  readonly settings: AdvisorySettings;
  readonly directory: string;
  readonly intake: Intake;
  readonly before: Manifest | undefined;
  /** Aborted when the time is over. */
  readonly signal: AbortSignal | undefined;
}

interface Enabled {
  readonly feed: Feed;
  readonly upstream: FeedUpstream;
  readonly base: string;
}

/** What is fetched, and may fail, on its own. */
export interface SourcePart extends Enabled {
  readonly part: string;
  /** `osv/npm` */
  readonly name: string;
}

/** The feeds that are fetched under these settings, with the base URL of each. */
export function enabledFeeds(settings: AdvisorySettings): readonly Enabled[] {
  const all: readonly Feed[] = feeds;
  return all.flatMap((feed) => {
    const { upstream } = feed;
    const setting = settings.feeds[feed.name];
    if (upstream === undefined || !(setting?.enabled ?? upstream.enabled)) return [];
    const base = setting?.url ?? (feed.name === "osv" ? settings.upstream : upstream.url);
    return [{ feed, upstream, base: base.replace(/\/+$/, "") }];
  });
}

function wantsOf({ ecosystems }: AdvisorySettings): (ecosystem: string) => boolean {
  const wanted = new Set(ecosystems);
  return (ecosystem) => wanted.has(ecosystemFamily(ecosystem));
}

/** Every part of every enabled feed. */
export function enabledParts(settings: AdvisorySettings): readonly SourcePart[] {
  const wants = wantsOf(settings);
  return enabledFeeds(settings).flatMap((enabled) =>
    enabled.upstream.parts(wants).map((part) => ({ ...enabled, part, name: sourceName(enabled.feed.name, part) })),
  );
}

/** Fetches one part into the intake. Never throws: what failed is told. */
export async function fetchPart(fetching: Fetching, source: SourcePart): Promise<Outcome> {
  const { ports, intake, before, signal } = fetching;
  const { feed, upstream, base, part, name } = source;
  const at = new Date(ports.clock.now()).toISOString();
  const directory = join(fetching.directory, "downloads");
  const known = before?.sources.find((one) => one.name === name && one.from === base && !wasNeverRead(one));
  const wants = wantsOf(fetching.settings);
  try {
    await mkdir(directory, { recursive: true });
    const { fetcher, validators } = createFetcher(directory, {
      base,
      remembered: known?.cursors ?? {},
      isIntact: known !== undefined && (await isHeld(fetching, name)),
      wants,
      now: () => ports.clock.now(),
      progress: (done, total) => ports.progress.report(name, done, total),
      signal,
    });
    const fetched = await upstream.fetch(part, fetcher);
    if (fetched.unchanged) {
      if (known === undefined) throw new PermanentError("advisories-refused", `${base} has nothing new for ${name}`);
      return { state: "unchanged", at, cursors: { ...known.cursors, ...validators() } };
    }
    const changes = fetched.extent === "changes";
    await takeIn(intake, fetched.documents, { wants, feed, part, changes, signal });
    if (fetched.extent === "whole") refuseShrunken(name, sourceCountOf(intake, name).records, known?.records ?? 0);
    return {
      state: "updated",
      at,
      feed: feed.name,
      part,
      extent: fetched.extent,
      from: base,
      cursors: { ...(fetched.extent === "changes" && known?.cursors), ...cursorsOf(fetched), ...validators() },
      removed: new Set(fetched.removed?.() ?? []),
    };
  } catch (error) {
    ports.log.debug("a feed was not updated", { source: name, error: messageOf(error) });
    return { state: "failed", at, feed: feed.name, part, from: base, error };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A source that was asked for and has never answered: it is listed so that its silence is seen. */
export function wasNeverRead({ records, failure }: ManifestSource): boolean {
  return records === 0 && failure !== undefined;
}

function cursorsOf(fetched: Extract<Fetched, { unchanged: false }>): Readonly<Record<string, string>> {
  return fetched.cursors?.() ?? {};
}

/** Whether what the source gave is still there, whole: otherwise it is asked for anew. */
async function isHeld({ before, ports }: Fetching, name: string): Promise<boolean> {
  if (before === undefined) return false;
  const has = ({ sources }: { readonly sources: readonly string[] }) => sources.includes(name);
  const { exploited } = before;
  const listed = blobsOf({
    sources: [],
    shards: before.shards.filter(has),
    tables: before.tables.filter(has),
    ...(exploited?.source === name && { exploited }),
  });
  return await areIntact(ports.blobs, listed);
}

/** A source that suddenly has a tenth of its records is a broken source, not a safer world. */
function refuseShrunken(name: string, records: number, knownRecords: number): void {
  if (records > 0 && (knownRecords < 1000 || records * 10 >= knownRecords)) return;
  const message = `only ${records} records of ${name}, ${knownRecords} before: not believed`;
  throw new PermanentError("advisories-shrunken", message);
}
