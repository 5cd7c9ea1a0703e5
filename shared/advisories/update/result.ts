/** What an update tells of itself. */
import { messageOf } from "../../platform/errors.ts";
import type { Platform } from "../../platform/ports.ts";
import type { Manifest } from "../set/manifest.ts";
import type { SourcePart } from "./fetch-feeds.ts";
import { type FileCount, type Intake, type Quarantined, quarantinedShown } from "./intake.ts";
import type { Outcomes } from "./turnover.ts";

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
  /** Sources that were not asked for, because the time was over: they are the first at the next turn. */
  readonly left: readonly string[];
  /** The manifests before and after. */
  readonly manifests: { readonly before: Manifest | undefined; readonly after: Manifest };
}

/** What of an update was published at once. */
export interface Published extends Pick<Intake, "files" | "quarantined"> {
  readonly manifest: Manifest;
  readonly outcomes: Outcomes;
}

/** Of everything that was published, and what is left for another turn. */
export function resultOf(
  { ports, before }: { readonly ports: Pick<Platform, "log">; readonly before: Manifest | undefined },
  published: readonly Published[],
  rest: readonly SourcePart[],
): UpdateResult {
  const [last] = published.slice(-1);
  if (last === undefined) throw new Error("nothing was published");
  const { manifest } = last;
  const files = published.flatMap((batch) => [...batch.files.values()]);
  const left = rest.map(({ name }) => name);
  const result: UpdateResult = {
    set: manifest.set,
    changed: manifest.set !== before?.set,
    updatedAt: manifest.updatedAt,
    ...(manifest.newestRecord !== undefined && { newestRecord: manifest.newestRecord }),
    shards: manifest.shards.length,
    bytes: manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0),
    sources: told(manifest, new Map(published.flatMap(({ outcomes }) => [...outcomes])), new Set(left)),
    exploited: manifest.exploited?.count ?? 0,
    files,
    quarantined: {
      count: files.reduce((sum, { quarantined }) => sum + quarantined, 0),
      first: published.flatMap(({ quarantined }) => quarantined).slice(0, quarantinedShown),
    },
    left,
    manifests: { before, after: manifest },
  };
  ports.log.info("advisories updated", {
    set: result.set,
    changed: result.changed,
    shards: result.shards,
    bytes: result.bytes,
    quarantined: result.quarantined.count,
    left: left.length,
  });
  return result;
}

function told(manifest: Manifest, outcomes: Outcomes, left: ReadonlySet<string>): UpdateResult["sources"] {
  const names = new Set([...outcomes.keys(), ...left, ...manifest.sources.map(({ name }) => name)]);
  return [...names].sort().map((name) => {
    const outcome = outcomes.get(name);
    const known = manifest.sources.find((source) => source.name === name);
    const { records = 0, updatedAt = "" } = known ?? {};
    const kept = { name, state: "kept", records, updatedAt } as const;
    if (outcome === undefined) return { ...kept, reason: left.has(name) ? "no time was left" : "it was not asked" };
    if (outcome.state !== "failed") return { name, state: outcome.state, records, updatedAt };
    return { ...kept, reason: messageOf(outcome.error) };
  });
}
