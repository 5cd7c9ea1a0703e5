/**
 * Our version orders against the tools that define them, on pairs made of real versions and of their schemes' corners.
 * Dart's pub has none here (no SDK is packaged): its order is held to its documents in test/shared/versions.
 */
import { createReadStream, readdirSync } from "node:fs";
import { join } from "node:path";
import { createZstdDecompress } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { orderSign } from "../../cli/version-pairs.ts";
import { type SchemeName, versionScheme } from "../../shared/versions/compare.ts";
import { versions } from "../shared/versions/generators.ts";
import { sharedData } from "../support/shared-data.ts";
import { mutatedPairs } from "../support/version-mutations.ts";
import { type Pair, type Reference, references } from "../support/version-references.ts";

const usual = 100_000;
const seed = 20261122;

/** Advisories (files, or all of a folder) in which versions of a scheme stand. */
const sources: Partial<Readonly<Record<SchemeName, readonly string[]>>> = {
  deb: ["debian", "ubuntu"],
  rpm: ["redhat/redhat-osv-rhel8-9.ndjson.zst", "suse", "alma"],
  apk: ["alpine"],
  pep440: ["ghsa/pip.ndjson.zst", "pypi-osv"],
  semver: ["ghsa/npm.ndjson.zst", "ghsa/cargo.ndjson.zst"],
  swift: ["ghsa/swift.ndjson.zst"],
  go: ["go"],
  bitnami: ["bitnami"],
  hex: ["ghsa/erlang.ndjson.zst"],
  pacman: ["arch"],
};

async function versionsIn(path: string): Promise<readonly string[]> {
  const found = new Set<string>();
  const stream = createReadStream(path).pipe(createZstdDecompress());
  let left = 6_000_000;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const [, version] of chunk
      .toString("utf8")
      .matchAll(/"(?:introduced|fixed|last_affected|affected|version)":"([^"\\\s]{1,80})"/g)) {
      if (version !== undefined) found.add(version);
    }
    left -= chunk.length;
    if (left < 0) break;
  }
  return [...found];
}

async function realVersions(scheme: SchemeName): Promise<readonly string[]> {
  if (sharedData === undefined) return [];
  const root = join(sharedData, "advisories");
  const files = (sources[scheme] ?? []).flatMap((source) =>
    source.includes("/")
      ? [join(root, source)]
      : readdirSync(join(root, source), { recursive: true, encoding: "utf8" })
          .filter((name) => name.endsWith(".ndjson.zst"))
          .map((name) => join(root, source, name)),
  );
  return (await Promise.all(files.map(versionsIn))).flat();
}

/** What goes with a reference's own way of writing. */
function dressed({ name }: Reference, version: string): string {
  return name === "golang.org/x/mod/semver" && /^[0-9]/.test(version) ? `v${version}` : version;
}

async function pairsFor(reference: Reference): Promise<readonly Pair[]> {
  const { scheme, reads, refusesTheSame } = reference;
  const order = versionScheme(scheme);
  const generated = fc.sample(versions[scheme], { numRuns: 4000, seed });
  const seeds = [...(await realVersions(scheme)), ...generated].map((version) => dressed(reference, version));
  const wanted = reference.pairs ?? usual;
  const isAsked = (version: string) => reads === undefined || reads(version);
  const readable: Pair[] = [];
  const unreadable: Pair[] = [];
  for (const pair of mutatedPairs(seeds, seed)) {
    if (!pair.every(isAsked)) continue;
    if (pair.every((version) => order.parse(version) !== undefined)) readable.push(pair);
    else if (refusesTheSame === true && unreadable.length < wanted / 4) unreadable.push(pair);
    if (readable.length === wanted) break;
  }
  return [...readable, ...unreadable];
}

function ours(scheme: SchemeName, [left, right]: Pair): string {
  const order = versionScheme(scheme);
  const [a, b] = [order.parse(left), order.parse(right)];
  return a === undefined || b === undefined ? "?" : orderSign(order.compare(a, b));
}

const report: string[] = [];
afterAll(() => console.log(report.join("\n")));

for (const reference of references) {
  const { scheme, name, present } = reference;
  const inCi = process.env["CI"] !== undefined && process.env["CI"] !== "" && process.env["CI"] !== "false";
  const title = present || inCi ? `${scheme}, against ${name}` : `${scheme}: ${name} is not installed on this machine`;
  describe.skipIf(!present && !inCi)(title, () => {
    test("no disagreement", async () => {
      const pairs = await pairsFor(reference);
      const verdicts = reference.verdicts(pairs);
      expect(verdicts).toHaveLength(pairs.length);
      const judged = verdicts.filter((verdict) => verdict !== "?").length;
      const disagreements = pairs.flatMap((pair, index) => {
        const verdict = verdicts[index] ?? "";
        return verdict === ours(scheme, pair) ? [] : [`${pair[0]} ${verdict} ${pair[1]}, we say ${ours(scheme, pair)}`];
      });
      report.push(`${title}: ${pairs.length} pairs, ${judged} of them versions, ${disagreements.length} disagreements`);
      expect(disagreements.slice(0, 40)).toEqual([]);
      expect(judged).toBeGreaterThanOrEqual(reference.pairs ?? usual);
    });
  });
}
