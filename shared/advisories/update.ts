import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, PermanentError, TransientError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { ecosystemFamily } from "./ecosystems.ts";
import { enabledFeeds, fetchFeeds, type Outcome } from "./fetch-feeds.ts";
import {
  createIntake,
  type FileCount,
  filesPart,
  type Intake,
  isFilesPart,
  type Quarantined,
  sourceName,
  takeIn,
} from "./intake.ts";
import { type Manifest, type ManifestExploited, type ManifestSource, readManifest } from "./manifest.ts";
import { publish, storeExploited } from "./publish.ts";
import { rebuildShards, rebuildTables, type Turnover } from "./rebuild.ts";
import { feeds } from "./registry.generated.ts";
import type { AdvisorySettings } from "./settings.ts";
import { documentsBelow } from "./sources/files.ts";
import type { Feed } from "./types.ts";

export interface UpdateResult {
  /** Hash of the set, and whether it differs from the one before. */
  readonly set: string;
  readonly changed: boolean;
  readonly updatedAt: string;
  readonly newestRecord?: string;
  readonly shards: number;
  /** Compressed bytes of all shards. */
  readonly bytes: number;
  /** `osv/npm`, ...: a feed, and the part of it that is fetched on its own. */
  readonly sources: readonly {
    readonly name: string;
    /** `updated`: read now; `unchanged`: upstream has nothing newer; `kept`: as before, for the reason given. */
    readonly state: "updated" | "unchanged" | "kept";
    readonly records: number;
    readonly updatedAt: string;
    readonly reason?: string;
  }[];
  readonly exploited: number;
  /** Per file (or archive) what was taken and what was not. */
  readonly files: readonly FileCount[];
  readonly quarantined: { readonly count: number; readonly first: readonly Quarantined[] };
  /** The manifests before and after. */
  readonly manifests: { readonly before: Manifest | undefined; readonly after: Manifest };
}

export type UpdatePorts = Pick<Platform, "blobs" | "clock" | "log" | "progress">;

/** One update under way. */
interface Update {
  readonly ports: UpdatePorts;
  readonly settings: AdvisorySettings;
  readonly directory: string;
  readonly intake: Intake;
  readonly before: Manifest | undefined;
}

/**
 * Fills or refreshes the advisory store: from `from`, a directory or file of advisories on this machine or the
 * `http(s):` base URL of an export laid out as OSV's; without it from `settings.upstream` and every enabled feed. It
 * replaces what the sources that were read had; the others stay as they are. The new set becomes visible as a whole,
 * at the end.
 *
 * Throws `TransientError("advisories-unreachable")` when nothing could be fetched, `PermanentError` for a source that
 * is missing, broken or without advisories; the present set then stays in use.
 */
export async function updateAdvisories(
  ports: UpdatePorts,
  settings: AdvisorySettings,
  from?: string,
): Promise<UpdateResult> {
  const before = await readManifest(ports.blobs).catch((error: unknown) => {
    ports.log.warn("the advisory manifest cannot be read and is written anew", { error: messageOf(error) });
    return undefined;
  });
  const directory = await mkdtemp(join(tmpdir(), "portwarden-advisories-"));
  try {
    const spool = join(directory, "spool");
    await mkdir(spool);
    const update = { ports, settings, directory, intake: createIntake(spool), before };
    const isUrl = /^https?:\/\//.test(from ?? settings.upstream);
    const outcomes = isUrl ? await readUpstreams(update, from) : await readFiles(update, from ?? settings.upstream);
    return await finish(update, outcomes);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type Outcomes = ReadonlyMap<string, Outcome>;

/** A directory, or one file. */
async function readFiles(update: Update, from: string): Promise<Outcomes> {
  const { ports, intake, settings } = update;
  const path = from.startsWith("file://") ? new URL(from).pathname : from;
  const wanted = new Set(settings.ecosystems);
  const documents = documentsBelow(path, (done, total) => ports.progress.report("advisories", done, total));
  const wants = (ecosystem: string) => wanted.has(ecosystemFamily(ecosystem));
  await takeIn(intake, documents, { wants, part: filesPart });
  if ([...intake.sources.values()].every(({ records }) => records === 0)) {
    throw new PermanentError(
      "advisories-none-found",
      `${from} has no advisories of the ecosystems ${settings.ecosystems.join(", ")}. ${stays(update)}`,
    );
  }
  const read = [...intake.sources].filter(([, { records }]) => records > 0);
  return new Map(
    read.map(([source]) => {
      const [feed = "", ...part] = source.split("/");
      const outcome = { state: "updated", feed, part: part.join("/"), extent: "whole", from, cursors: {} } as const;
      return [source, { ...outcome, removed: new Set<string>() }] as const;
    }),
  );
}

/** With `from` only the export there, otherwise every enabled feed. */
async function readUpstreams(update: Update, from: string | undefined): Promise<Outcomes> {
  const { settings } = update;
  const others = Object.fromEntries(feeds.map(({ name }) => [name, { enabled: name === "osv" }]));
  const chosen = from === undefined ? settings : { ...settings, upstream: from, feeds: others };
  const outcomes = await fetchFeeds({ ...update, settings: chosen });
  const advisories = [...outcomes].filter(([name]) => name !== "kev");
  const failed = advisories.flatMap(([, outcome]) => (outcome.state === "failed" ? [outcome] : []));
  if (failed[0] !== undefined && failed.length === advisories.length) {
    throw unreachable(update, failed[0].from, failed[0].error);
  }
  return outcomes;
}

function now(update: Update): string {
  return new Date(update.ports.clock.now()).toISOString();
}

function turnoverOf(update: Update, outcomes: Outcomes): Turnover {
  const { intake, before, settings } = update;
  const read = [...outcomes].flatMap(([name, outcome]) => (outcome.state === "updated" ? [{ name, ...outcome }] : []));
  const whole = read.filter(({ extent }) => extent === "whole");
  const feedOf = new Map(before?.sources.map((source) => [source.name, source.feed]));
  const ecosystems = new Set(settings.ecosystems);
  const isOff = (source: string) => settings.feeds[feedOf.get(source) ?? ""]?.enabled === false;
  return {
    intake,
    before,
    keepsFamily: (family) => ecosystems.has(family),
    replaces(source, family) {
      if (isOff(source)) return true;
      return whole.some(({ name, feed, part }) => {
        if (name === source) return true;
        // Files replace what the same feed's upstream brought, and the other way round, where both have something.
        const isOther = !isFilesPart(part) && !source.startsWith(`${sourceName(feed, filesPart)}/`);
        if (feedOf.get(source) !== feed || isOther || family === undefined) return false;
        return intake.sources.get(name)?.families.has(family) === true;
      });
    },
    removes: (source, id) =>
      intake.withdrawn.has(id) || read.some(({ name, removed }) => name === source && removed.has(id)),
    removesFrom: (source) =>
      read.some(({ name, removed }) => name === source && (removed.size > 0 || intake.withdrawn.size > 0)),
    failed: (source) => outcomes.get(source)?.state === "failed",
  };
}

/** The sources of the new set: those that were read, and those that are kept. */
function sourcesOf(update: Update, outcomes: Outcomes, held: ReadonlySet<string>): ManifestSource[] {
  const { intake, before } = update;
  const upstreams = new Map(enabledFeeds(update.settings).map(({ feed, upstream }) => [feed.name, upstream]));
  const all: readonly Feed[] = feeds;
  const known = new Map(before?.sources.map((source) => [source.name, source]));
  const sources: ManifestSource[] = [];
  for (const [name, outcome] of outcomes) {
    const old = known.get(name);
    if (outcome.state === "unchanged") {
      if (old !== undefined) {
        const { failure: _, ...rest } = old;
        sources.push({ ...rest, updatedAt: now(update), cursors: { ...outcome.cursors } });
      }
    } else if (outcome.state === "failed") {
      const since = old?.failure?.since ?? now(update);
      if (old !== undefined)
        sources.push({ ...old, failure: { since, reason: messageOf(outcome.error).slice(0, 500) } });
    } else {
      const count = intake.sources.get(name);
      const upstream = upstreams.get(outcome.feed) ?? all.find((feed) => feed.name === outcome.feed)?.upstream;
      const databases = new Map(
        outcome.extent === "changes" ? old?.databases.map((one) => [one.name, one.licence]) : [],
      );
      for (const [database, licence] of count?.databases ?? []) databases.set(database, licence);
      const newest = [old?.newestRecord, count?.newestRecord].flatMap((time) => time ?? []).sort();
      const newestRecord = outcome.extent === "whole" ? count?.newestRecord : newest.at(-1);
      sources.push({
        name,
        feed: outcome.feed,
        updatedAt: now(update),
        ...(newestRecord !== undefined && { newestRecord }),
        records: outcome.extent === "whole" ? (count?.records ?? 0) : Math.max(old?.records ?? 0, count?.records ?? 0),
        quarantined: count?.quarantined ?? 0,
        from: outcome.from,
        cursors: { ...outcome.cursors },
        databases: [...databases]
          .map(([database, licence]) => ({ name: database, ...(licence !== undefined && { licence }) }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
        ...(upstream?.licence !== undefined && { licence: upstream.licence }),
        ...(upstream !== undefined && { attribution: upstream.attribution }),
        redistributable: upstream?.redistributable ?? true,
        ...(upstream !== undefined && !isFilesPart(outcome.part) && { staleAfterHours: upstream.staleAfterHours }),
      });
    }
  }
  const told = new Set(outcomes.keys());
  // What was not asked for stays for as long as something of it is there.
  for (const source of before?.sources ?? []) if (!told.has(source.name) && held.has(source.name)) sources.push(source);
  return sources;
}

async function exploitedOf(update: Update, outcomes: Outcomes): Promise<ManifestExploited | undefined> {
  const { intake, before, ports } = update;
  const [name] = [...outcomes].find(([, outcome]) => outcome.state === "updated" && outcome.feed === "kev") ?? [];
  if (name !== undefined && intake.exploited.size > 0) return await storeExploited(ports, intake.exploited, name);
  const known = before?.exploited;
  return known && outcomes.get(known.source)?.state === "unchanged" ? { ...known, updatedAt: now(update) } : known;
}

async function finish(update: Update, outcomes: Outcomes): Promise<UpdateResult> {
  const { ports, intake, before } = update;
  const turnover = turnoverOf(update, outcomes);
  const shards = await rebuildShards(ports, turnover);
  const tables = await rebuildTables(ports, turnover);
  const exploited = await exploitedOf(update, outcomes);
  const held = new Set([...shards, ...tables].flatMap(({ sources }) => sources));
  if (exploited !== undefined) held.add(exploited.source);
  const sources = sourcesOf(update, outcomes, held);
  const manifest = await publish(ports, { sources, shards, tables, ...(exploited !== undefined && { exploited }) });
  const files = [...intake.files.values()];
  const result: UpdateResult = {
    set: manifest.set,
    changed: manifest.set !== before?.set,
    updatedAt: manifest.updatedAt,
    ...(manifest.newestRecord !== undefined && { newestRecord: manifest.newestRecord }),
    shards: manifest.shards.length,
    bytes: manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0),
    sources: told(manifest, outcomes),
    exploited: manifest.exploited?.count ?? 0,
    files,
    quarantined: {
      count: files.reduce((sum, { quarantined }) => sum + quarantined, 0),
      first: intake.quarantined,
    },
    manifests: { before, after: manifest },
  };
  ports.log.info("advisories updated", {
    set: result.set,
    changed: result.changed,
    shards: result.shards,
    bytes: result.bytes,
    quarantined: result.quarantined.count,
  });
  return result;
}

function told(manifest: Manifest, outcomes: Outcomes): UpdateResult["sources"] {
  const names = new Set([...outcomes.keys(), ...manifest.sources.map(({ name }) => name)]);
  return [...names].sort().map((name) => {
    const outcome = outcomes.get(name);
    const known = manifest.sources.find((source) => source.name === name);
    const { records = 0, updatedAt = "" } = known ?? {};
    if (outcome === undefined) return { name, state: "kept", records, updatedAt, reason: "it was not asked" };
    if (outcome.state !== "failed") return { name, state: outcome.state, records, updatedAt };
    return { name, state: "kept", records, updatedAt, reason: messageOf(outcome.error) };
  });
}

function stays(update: Update): string {
  const { before, ports } = update;
  if (before === undefined) return "The store is empty.";
  const days = Math.floor((ports.clock.now() - Date.parse(before.updatedAt)) / 86_400_000);
  return `The present advisories of ${before.updatedAt} (${days} days old) stay in use.`;
}

function unreachable(update: Update, base: string, cause: unknown): Error {
  const message =
    `no advisories could be fetched from ${base} (${messageOf(cause)}). ${stays(update)} ` +
    `Without a network, copy an export here and run "portwarden advisories update --from <directory or zip>".`;
  return cause instanceof PermanentError
    ? new PermanentError(cause.code, message, { cause })
    : new TransientError("advisories-unreachable", message, { cause });
}
