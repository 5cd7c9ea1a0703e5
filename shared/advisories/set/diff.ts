/** What a new set says otherwise than the one before. */
import type { Blobs } from "../../platform/ports.ts";
import type { Manifest, ManifestShard } from "./manifest.ts";
import type { ShardContent } from "./shard.ts";
import { openContent } from "./store.ts";

export interface ChangedPackage {
  /** A shard: `Debian:12`, `npm`. */
  readonly ecosystem: string;
  /** The key by which the package is looked up in it. */
  readonly package: string;
}

/**
 * Every package of which the two sets say something else: by fingerprints, so that only shards that changed are read,
 * and nothing of them is parsed. A set that is not told (or a shard whose bytes are gone) counts as empty.
 */
export async function* changedPackages(
  blobs: Blobs,
  before: Manifest | undefined,
  after: Manifest,
): AsyncGenerator<ChangedPackage> {
  const old = new Map(before?.shards.map((shard) => [shard.name, shard]));
  const names = [...new Set([...old.keys(), ...after.shards.map(({ name }) => name)])].sort();
  const fresh = new Map(after.shards.map((shard) => [shard.name, shard]));
  for (const ecosystem of names) {
    const [left, right] = [old.get(ecosystem), fresh.get(ecosystem)];
    if (left?.sha256 === right?.sha256 && left?.details.sha256 === right?.details.sha256) continue;
    for (const name of differing(await contentOf(blobs, left), await contentOf(blobs, right))) {
      yield { ecosystem, package: name };
    }
  }
}

async function contentOf(blobs: Blobs, listed: ManifestShard | undefined): Promise<ShardContent | undefined> {
  if (listed === undefined || !(await blobs.has(listed.blob))) return undefined;
  return await openContent(blobs, listed);
}

/** Both sides are sorted by name. */
function* differing(left: ShardContent | undefined, right: ShardContent | undefined): Generator<string> {
  const a = left?.fingerprints() ?? [].values();
  const b = right?.fingerprints() ?? [].values();
  let [one, other] = [a.next(), b.next()];
  while (one.done !== true || other.done !== true) {
    const order = one.done === true ? 1 : other.done === true ? -1 : one.value.name.compare(other.value.name);
    const { value } = order <= 0 ? one : other;
    if (value === undefined) return;
    if (
      order !== 0 ||
      (one.done !== true && other.done !== true && !one.value.fingerprint.equals(other.value.fingerprint))
    ) {
      yield value.name.toString("utf8");
    }
    if (order <= 0) one = a.next();
    if (order >= 0) other = b.next();
  }
}

/** The CVEs that are known to be exploited in one set and not in the other. */
export function changedExploited(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((cve) => before.has(cve) !== after.has(cve)).sort();
}
