/**
 * Sizes and cold import times of the functions' bundles, against their budgets (`npm run bench:bundles`). An import is
 * measured in a fresh process each time, from the first statement to the module's last; the process's own start is not
 * in it, as it is not in what a bundle can change.
 */
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BundledDoor, bundleDoors } from "../infra/bundle.ts";

const kB = 1000;
export const budgets = {
  /** Bytes of a bundle, and of one with the clients of every registry's cloud (Google's and Azure's among them). */
  bytes: 900 * kB,
  withRegistryClouds: 1000 * kB,
  /** With the reader of every feed's form: XML, YAML, TOML, bzip2, xz, CVSS. */
  withFeeds: 1024 * 1024,
  importMilliseconds: 150,
} as const;

/** The most bytes that a bundle may have. */
export function byteBudget({ door }: Pick<BundledDoor, "door">): number {
  if (door.name === "refresh-advisories") return budgets.withFeeds;
  return door.uses.credentials === undefined ? budgets.bytes : budgets.withRegistryClouds;
}

const script = `
const { performance } = await import("node:perf_hooks");
const start = performance.now();
const module = await import(process.argv[1]);
const milliseconds = performance.now() - start;
console.log(JSON.stringify({ milliseconds, exports: Object.entries(module).map(([name, value]) => [name, typeof value]) }));
process.exit(0);
`;

export interface ColdImport {
  readonly milliseconds: number;
  /** Name and type of what the bundle exports. */
  readonly exports: readonly (readonly [string, string])[];
}

/** Imports a bundle in a new process whose environment is empty. Throws what the process said when it fails. */
export function coldImport(file: string): ColdImport {
  const child = spawnSync(process.execPath, ["--input-type=module", "--eval", script, pathToFileURL(file).href], {
    encoding: "utf8",
    env: {},
  });
  if (child.status !== 0) throw new Error(`${file} cannot be imported: ${child.stderr}`);
  return JSON.parse(child.stdout) as ColdImport;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function main(): Promise<void> {
  const runs = Number(process.argv[2] ?? "9");
  const started = performance.now();
  using bundles = await bundleDoors();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${bundles.all.length} bundles in ${seconds} s; Node ${process.version}, ${cpus().length} cores`);
  console.log(
    `budgets: ${budgets.bytes / kB} kB (${budgets.withRegistryClouds / kB} kB with the clouds of the registries), cold import ${budgets.importMilliseconds} ms (median of ${runs})\n`,
  );
  console.log(
    `${"door".padEnd(24)}${"kB".padStart(7)}${"of budget".padStart(11)}${"ms".padStart(8)}${"of budget".padStart(11)}`,
  );
  const percent = (value: number, budget: number) => `${Math.round((100 * value) / budget)} %`;
  let over = 0;
  for (const bundle of bundles.all.toSorted((a, b) => b.bytes - a.bytes)) {
    const milliseconds = median(Array.from({ length: runs }, () => coldImport(bundle.file).milliseconds));
    const budget = byteBudget(bundle);
    if (bundle.bytes > budget || milliseconds > budgets.importMilliseconds) over++;
    console.log(
      bundle.door.name.padEnd(24) +
        (bundle.bytes / kB).toFixed(0).padStart(7) +
        percent(bundle.bytes, budget).padStart(11) +
        milliseconds.toFixed(0).padStart(8) +
        percent(milliseconds, budgets.importMilliseconds).padStart(11),
    );
  }
  console.log(over === 0 ? "\nall within their budgets" : `\n${over} over budget`);
  if (over > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
