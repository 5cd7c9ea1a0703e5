/** What the outcomes of an update do to the set that is there: which records go, and which sources the new one has. */
import { messageOf } from "../../platform/errors.ts";
import { feeds } from "../registry.generated.ts";
import type { Manifest, ManifestSource } from "../set/manifest.ts";
import type { Feed } from "../types.ts";
import { enabledParts, type Fetching, type Outcome, wasNeverRead } from "./fetch-feeds.ts";
import { filesPart, isFilesPart, isWithdrawn, sourceName } from "./intake.ts";
import type { Turnover } from "./rebuild.ts";

/** By source. */
export type Outcomes = ReadonlyMap<string, Outcome>;

/** The changes that these outcomes make to the set `before`. */
export function turnoverOf(
  { intake, settings }: Pick<Fetching, "intake" | "settings">,
  before: Manifest | undefined,
  outcomes: Outcomes,
): Turnover {
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
      isWithdrawn(intake, source, id) || read.some(({ name, removed }) => name === source && removed.has(id)),
    removesFrom: (source) =>
      read.some(({ name, removed }) => name === source && (removed.size > 0 || intake.withdrawn.size > 0)),
    retold: (source) => (outcomes.get(source)?.state === "updated" ? intake.retold.get(source) : undefined),
    // Its fetch broke off, or another builder was faster.
    failed: (source) => outcomes.get(source)?.state !== "updated",
  };
}

/** The sources of the new set: those that were read, and those of the set `before` that are kept. */
export function sourcesOf(
  fetching: Pick<Fetching, "intake" | "settings">,
  before: Manifest | undefined,
  outcomes: Outcomes,
  held: ReadonlySet<string>,
): ManifestSource[] {
  const known = new Map(before?.sources.map((source) => [source.name, source]));
  const enabled = new Set(enabledParts(fetching.settings).map(({ name }) => name));
  const told = [...outcomes].flatMap(([name, outcome]) => sourceOf(fetching, name, outcome, known.get(name)) ?? []);
  // What was not asked for stays for as long as something of it is there, or is still waited for.
  const others = (before?.sources ?? []).filter(
    (source) =>
      !outcomes.has(source.name) && (held.has(source.name) || (wasNeverRead(source) && enabled.has(source.name))),
  );
  return [...told, ...others];
}

function sourceOf(
  fetching: Pick<Fetching, "intake">,
  name: string,
  outcome: Outcome,
  old: ManifestSource | undefined,
): ManifestSource | undefined {
  const { at } = outcome;
  if (outcome.state === "updated") return updatedSource(fetching, name, outcome, old);
  if (outcome.state === "unchanged") {
    if (old === undefined) return undefined;
    const { failure: _, ...rest } = old;
    return { ...rest, updatedAt: at, cursors: { ...outcome.cursors } };
  }
  const failure = { since: old?.failure?.since ?? at, at, reason: messageOf(outcome.error).slice(0, 500) };
  if (old !== undefined) return { ...old, failure };
  return {
    ...aboutFeed(outcome.feed, outcome.part),
    name,
    updatedAt: at,
    records: 0,
    quarantined: 0,
    from: outcome.from,
    cursors: {},
    databases: [],
    failure,
  };
}

function updatedSource(
  { intake }: Pick<Fetching, "intake">,
  name: string,
  outcome: Extract<Outcome, { state: "updated" }>,
  old: ManifestSource | undefined,
): ManifestSource {
  const count = intake.sources.get(name);
  const isWhole = outcome.extent === "whole";
  const databases = new Map(isWhole ? [] : old?.databases.map((one) => [one.name, one.licence]));
  for (const [database, licence] of count?.databases ?? []) databases.set(database, licence);
  const newest = [old?.newestRecord, count?.newestRecord].flatMap((time) => time ?? []).sort();
  const newestRecord = isWhole ? count?.newestRecord : newest.at(-1);
  return {
    ...aboutFeed(outcome.feed, outcome.part),
    name,
    updatedAt: outcome.at,
    ...(newestRecord !== undefined && { newestRecord }),
    records: isWhole ? (count?.records ?? 0) : Math.max(old?.records ?? 0, count?.records ?? 0),
    quarantined: count?.quarantined ?? 0,
    from: outcome.from,
    cursors: { ...outcome.cursors },
    databases: [...databases]
      .map(([database, licence]) => ({ name: database, ...(licence !== undefined && { licence }) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** What holds for all that a feed brings. */
function aboutFeed(name: string, part: string) {
  const all: readonly Feed[] = feeds;
  const upstream = all.find((feed) => feed.name === name)?.upstream;
  return {
    feed: name,
    ...(upstream?.licence !== undefined && { licence: upstream.licence }),
    ...(upstream !== undefined && { attribution: upstream.attribution }),
    redistributable: upstream?.redistributable ?? true,
    ...(upstream !== undefined && !isFilesPart(part) && { staleAfterHours: upstream.staleAfterHours }),
  };
}
