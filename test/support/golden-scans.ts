/** Real images scanned against real advisories as of the day they were collected, written so that differences read well. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { advisorySettings } from "../../shared/advisories/settings.ts";
import { type Advisories, openAdvisories } from "../../shared/advisories/store.ts";
import { updateAdvisories } from "../../shared/advisories/update.ts";
import { readImage } from "../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../shared/inventory/record.ts";
import type { Inventory } from "../../shared/inventory/types.ts";
import type { MatchResult, Vulnerability } from "../../shared/matching/types.ts";
import { openImageSource } from "../../shared/registry/open-source.ts";
import { testPorts } from "../shared/advisories/support.ts";
import { sharedData } from "./shared-data.ts";

/** The newest of the snapshots. */
const collected = Date.parse("2026-08-22T00:00:00Z");

/** What the images need of the advisories; the rest only takes time. */
const ecosystems = [
  ...["AlmaLinux", "Alpine", "Amazon Linux", "Debian", "SUSE", "Ubuntu"],
  ...["Go", "Maven", "PyPI", "RubyGems", "crates.io", "npm"],
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
      for (const file of readdirSync(from)) {
        if (!unused.test(file)) copyFileSync(join(from, file), join(directory, part, file));
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
function lineOf({ id, package: { purl }, fix, severity, exploited, sources, marks, evidence }: Vulnerability) {
  return {
    id,
    purl,
    fix: fix.state === "fixed" ? fix.version : `(${fix.state})`,
    severity,
    ...(exploited && { exploited }),
    sources: sources.map((source) => source.id),
    ...(marks.length > 0 && { marks }),
    comparison: evidence.comparison,
    paths: evidence.locations.map(({ path }) => path),
  };
}

/** One line for each vulnerability, JSON as a whole. */
export function goldenOf(name: string, inventory: Inventory, match: MatchResult): string {
  const { distribution, packages } = inventory;
  const lines = (values: readonly unknown[]) =>
    values.length === 0 ? "[]" : `[\n${values.map((value) => `    ${JSON.stringify(value)}`).join(",\n")}\n  ]`;
  const counts = new Map<string, number>();
  for (const { reason } of match.notEvaluated) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const head = [
    ["image", JSON.stringify(name)],
    ["distribution", JSON.stringify([distribution?.id, distribution?.versionId].filter(Boolean).join(" "))],
    ["packages", String(packages.length)],
    ["notEvaluated", JSON.stringify(Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))))],
    ["endOfSupport", lines(match.endOfSupport ?? [])],
    ["vulnerabilities", lines(match.vulnerabilities.map(lineOf))],
  ];
  return `{\n${head.map(([key, value]) => `  "${key}": ${value}`).join(",\n")}\n}\n`;
}
