/** Every enabled feed's parts, fetched one after the other; what fails keeps what it had, and the others go on. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, PermanentError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { ecosystemFamily } from "./ecosystems.ts";
import { type Intake, sourceCountOf, sourceName, takeIn } from "./intake.ts";
import { blobsOf, type Manifest } from "./manifest.ts";
import { areIntact } from "./publish.ts";
import { feeds } from "./registry.generated.ts";
import type { AdvisorySettings } from "./settings.ts";
import { createFetcher } from "./sources/fetcher.ts";
import type { Feed, FeedUpstream, Fetched } from "./types.ts";

/** How the fetch of one source ended. */
export type Outcome =
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
  | { readonly state: "failed"; readonly from: string; readonly error: unknown };

export interface FetchFeeds {
  readonly ports: Pick<Platform, "clock" | "log" | "progress" | "blobs">;
  readonly settings: AdvisorySettings;
  readonly directory: string;
  readonly intake: Intake;
  readonly before: Manifest | undefined;
}

interface Enabled {
  readonly feed: Feed;
  readonly upstream: FeedUpstream;
  readonly base: string;
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

/** By source name. Never throws: what failed is told. */
export async function fetchFeeds(fetching: FetchFeeds): Promise<ReadonlyMap<string, Outcome>> {
  const wanted = new Set(fetching.settings.ecosystems);
  const wants = (ecosystem: string) => wanted.has(ecosystemFamily(ecosystem));
  const outcomes = new Map<string, Outcome>();
  for (const enabled of enabledFeeds(fetching.settings)) {
    for (const part of enabled.upstream.parts(wants)) {
      const name = sourceName(enabled.feed.name, part);
      outcomes.set(name, await fetchPart(fetching, enabled, part, wants));
    }
  }
  return outcomes;
}

async function fetchPart(
  fetching: FetchFeeds,
  { feed, upstream, base }: Enabled,
  part: string,
  wants: (ecosystem: string) => boolean,
): Promise<Outcome> {
  const { ports, intake, before } = fetching;
  const name = sourceName(feed.name, part);
  const directory = join(fetching.directory, "downloads");
  const known = before?.sources.find((source) => source.name === name && source.from === base);
  try {
    await mkdir(directory, { recursive: true });
    const { fetcher, validators } = createFetcher(directory, {
      base,
      remembered: known?.cursors ?? {},
      isIntact: known !== undefined && (await isHeld(fetching, name)),
      wants,
      now: () => ports.clock.now(),
      progress: (done, total) => ports.progress.report(name, done, total),
    });
    const fetched = await upstream.fetch(part, fetcher);
    if (fetched.unchanged) {
      if (known === undefined) throw new PermanentError("advisories-refused", `${base} has nothing new for ${name}`);
      return { state: "unchanged", cursors: { ...known.cursors, ...validators() } };
    }
    await takeIn(intake, fetched.documents, { wants, feed, part });
    if (fetched.extent === "whole") refuseShrunken(name, sourceCountOf(intake, name).records, known?.records ?? 0);
    return {
      state: "updated",
      feed: feed.name,
      part,
      extent: fetched.extent,
      from: base,
      cursors: { ...(fetched.extent === "changes" && known?.cursors), ...cursorsOf(fetched), ...validators() },
      removed: new Set(fetched.removed?.() ?? []),
    };
  } catch (error) {
    ports.log.warn("a feed was not updated", { source: name, error: messageOf(error) });
    return { state: "failed", from: base, error };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function cursorsOf(fetched: Extract<Fetched, { unchanged: false }>): Readonly<Record<string, string>> {
  return fetched.cursors?.() ?? {};
}

/** Whether what the source gave is still there, whole: otherwise it is asked for anew. */
async function isHeld({ before, ports }: FetchFeeds, name: string): Promise<boolean> {
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
