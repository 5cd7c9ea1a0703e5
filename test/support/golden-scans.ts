/** Real images scanned against real advisories as of the day they were collected, written so that differences read well. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Advisories, openAdvisories } from "../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../shared/advisories/settings.ts";
import { updateAdvisories } from "../../shared/advisories/update/update.ts";
import { readImage } from "../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../shared/inventory/record.ts";
import type { Inventory } from "../../shared/inventory/types.ts";
import type { MatchResult, Vulnerability } from "../../shared/matching/types.ts";
import { openImageSource } from "../../shared/registry/open-source.ts";
import { testPorts } from "../shared/advisories/support.ts";
import { advisoryLines } from "./feed-samples.ts";
import { sharedData } from "./shared-data.ts";

/** The newest of the snapshots. */
const collected = Date.parse("2026-08-22T00:00:00Z");

/** What the images need of the advisories; the rest only takes time. */
const distributions = ["AlmaLinux", "Alpine", "Amazon Linux", "Debian", "SUSE", "Ubuntu"];
const ecosystems = [...distributions, "Go", "Maven", "PyPI", "RubyGems", "crates.io", "npm"];
/** Of the largest lists only the records that name a release of an image. */
const releases: readonly (readonly [part: string, needle: string])[] = [
  ["alma", "AlmaLinux:9"],
  ["suse", "15 SP3"],
  ["ubuntu", "noble"],
];
const unused = /^(?:alas-2|composer|nuget|erlang|pub|swift)\./;
const parts = ["alma", "alpine", "amazon", "debian", "eol", "ghsa", "go", "kev", "nvd", "pypi-osv", "suse", "ubuntu"];

/** A set of all of them, built by one update in memory. */
export async function realAdvisories(): Promise<Advisories> {
  const directory = mkdtempSync(join(tmpdir(), "portwarden-golden-"));
  try {
    for (const part of parts) {
      mkdirSync(join(directory, part));
      const from = join(sharedData ?? "", "advisories", part);
      const needle = releases.find(([one]) => one === part)?.[1];
      for (const file of readdirSync(from)) {
        const to = join(directory, part, file);
        if (needle !== undefined) writeFileSync(to.replace(/\.zst$/, ""), await linesWith(`${part}/${file}`, needle));
        else if (!unused.test(file)) copyFileSync(join(from, file), to);
      }
    }
    const ports = testPorts();
    ports.time.now = collected;
    const { quarantined } = await updateAdvisories(ports, advisorySettings.parse({ ecosystems }), directory);
    if (quarantined.count > 0) throw new Error(JSON.stringify(quarantined));
    return await openAdvisories(ports.blobs);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function linesWith(file: string, needle: string): Promise<Buffer> {
  const kept: Buffer[] = [];
  for await (const line of advisoryLines(file)) if (line.includes(needle)) kept.push(line, Buffer.from("\n"));
  return Buffer.concat(kept);
}

/** `oci-archive:built/x.oci.tar`: a scheme, and a path below the shared images. */
export async function realInventory(name: string): Promise<Inventory> {
  const [scheme = "", path = ""] = name.split(":");
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const settings = { allow: [], insecure: [], allowPrivate: [] };
  const options = { settings, credentials: async () => undefined, log };
  const source = await openImageSource(`${scheme}:${sharedData ?? ""}images/${path}`, options);
  try {
    const [first] = (await source.resolve("all")).images;
    if (first === undefined) throw new Error(`${name} has no image`);
    return await readImage(await first.open(), { records: layerRecordsInMemory() });
  } finally {
    await source.close();
  }
}

/** Facts alone, and no text of an advisory: its words are its publisher's. */
function lineOf({ id, package: { purl }, fix, severity, exploited, sources, marks, evidence }: Vulnerability): string {
  const state = fix.state === "fixed" ? `fixed in ${fix.version}` : fix.state;
  const told = [severity, ...(exploited ? ["exploited"] : []), state, ...marks].join(", ");
  const names = sources.map((source) => source.id).join(", ");
  const paths = evidence.locations.map(({ path }) => path).join(", ");
  return `${id} ${purl}: ${told} (${names}): ${evidence.comparison}; in ${paths}`;
}

const lineWidth = 120;

/** As the formatter writes lists: on one line where they fit. */
function listOf(key: string, texts: readonly string[]): string {
  const values = texts.map((text) => JSON.stringify(text));
  const short = `  "${key}": [${values.join(", ")}],`;
  return short.length <= lineWidth ? short : `  "${key}": [\n${values.map((one) => `    ${one}`).join(",\n")}\n  ],`;
}

/** One line for each vulnerability, JSON as a whole. */
export function goldenOf(name: string, inventory: Inventory, match: MatchResult): string {
  const { distribution, packages } = inventory;
  const counts = Map.groupBy(match.notEvaluated, ({ reason }) => reason);
  const reasons = [...counts].map(([reason, list]) => `${list.length} ${reason}`).sort();
  const ends = (match.endOfSupport ?? []).map(({ subject, name: what, over, since = "", extended }) => {
    const until = extended === undefined ? "" : `, extended to ${extended}`;
    return `${subject}: ${what} ${over ? "is over" : "is in extended support"}, since ${since}${until}`;
  });
  const lines = [
    "{",
    `  "image": ${JSON.stringify(name)},`,
    `  "distribution": ${JSON.stringify([distribution?.id, distribution?.versionId].filter(Boolean).join(" "))},`,
    `  "packages": ${packages.length},`,
    listOf("notEvaluated", reasons),
    listOf("endOfSupport", ends),
    listOf("vulnerabilities", match.vulnerabilities.map(lineOf)).slice(0, -1),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}
