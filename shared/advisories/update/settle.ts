/** From what an update took in to a new set, whatever other builders publish meanwhile. */
import { messageOf, TransientError } from "../../platform/errors.ts";
import type { Platform } from "../../platform/ports.ts";
import { type Manifest, type ManifestExploited, readManifest } from "../set/manifest.ts";
import { publishOver, storeExploited } from "../set/publish.ts";
import type { Fetching } from "./fetch-feeds.ts";
import { type LaidOutBefore, rebuildShards, rebuildTables } from "./rebuild.ts";
import { type Outcomes, sourcesOf, turnoverOf } from "./turnover.ts";

/** Others that publish again and again in the time that laying out takes: then it is the later one's turn. */
const mostTries = 5;

/** The set as it is published now; one that cannot be read is written anew. */
export async function presentManifest({ blobs, log }: Pick<Platform, "blobs" | "log">): Promise<Manifest | undefined> {
  return await readManifest(blobs).catch((error: unknown) => {
    log.warn("the advisory manifest cannot be read and is written anew", { error: messageOf(error) });
    return undefined;
  });
}

/**
 * Publishes what was taken in, over the set as it is at that moment: what other builders changed since `before` was
 * read stays, and of a source that they read later than this one, theirs counts. Throws
 * `TransientError("advisories-busy" | "advisory-shard-gone")`.
 */
export async function settle(
  { ports, intake, settings, before }: Pick<Fetching, "intake" | "settings" | "before" | "ports">,
  outcomes: Outcomes,
): Promise<Manifest> {
  const laidOut: LaidOutBefore = new Map();
  let base = await presentManifest(ports);
  let dropped = "";
  for (let tries = 0; tries < mostTries; tries++) {
    const standing = standingOf(outcomes, before, base);
    if (standing.size === 0 && base !== undefined) return base;
    const gone = [...outcomes.keys()].filter((name) => !standing.has(name)).join("\n");
    // What was laid out has records of them in it.
    if (gone !== dropped) laidOut.clear();
    dropped = gone;
    const turnover = turnoverOf({ intake, settings }, base, standing);
    const shards = await rebuildShards(ports, turnover, laidOut);
    const tables = await rebuildTables(ports, turnover, laidOut);
    const exploited = await exploitedOf({ ports, intake }, base, standing);
    const held = new Set([...shards, ...tables].flatMap(({ sources }) => sources));
    if (exploited !== undefined) held.add(exploited.source);
    const sources = sourcesOf({ intake, settings }, base, standing, held);
    const content = { sources, shards, tables, ...(exploited !== undefined && { exploited }) };
    const manifest = await publishOver(ports, content, base);
    if (manifest !== undefined) return manifest;
    ports.log.info("another builder published advisories meanwhile: laid out again over its set");
    base = await presentManifest(ports);
  }
  throw new TransientError("advisories-busy", `others published advisories ${mostTries} times meanwhile`);
}

/** Without the sources that another builder has read later than this one, or that were published with this one's. */
function standingOf(outcomes: Outcomes, before: Manifest | undefined, base: Manifest | undefined): Outcomes {
  const old = new Map(before?.sources.map((source) => [source.name, source]));
  const now = new Map(base?.sources.map((source) => [source.name, source]));
  return new Map(
    [...outcomes].filter(([name, outcome]) => {
      const present = now.get(name);
      if (present === undefined || JSON.stringify(present) === JSON.stringify(old.get(name))) return true;
      if (outcome.state === "updated") return present.updatedAt < outcome.at;
      return outcome.state === "failed" && present.failure !== undefined;
    }),
  );
}

async function exploitedOf(
  { ports, intake }: Pick<Fetching, "intake" | "ports">,
  base: Manifest | undefined,
  outcomes: Outcomes,
): Promise<ManifestExploited | undefined> {
  const [read] = [...outcomes].filter(([, outcome]) => outcome.state === "updated" && outcome.feed === "kev");
  if (read !== undefined && intake.exploited.size > 0) {
    const [name, { at }] = read;
    return { ...(await storeExploited(ports, intake.exploited, name)), updatedAt: at };
  }
  const known = base?.exploited;
  if (known === undefined) return undefined;
  const outcome = outcomes.get(known.source);
  return outcome?.state === "unchanged" ? { ...known, updatedAt: outcome.at } : known;
}
