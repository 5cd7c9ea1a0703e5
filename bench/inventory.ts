/**
 * How long an inventory takes and how much memory, from process start to SBOM (`npm run bench:inventory -- [IMAGE...]`):
 * beside the bare floor of reading the same layers, beside other scanners, with warm layers, and as bytes and entries
 * grow. Each measurement is a process of its own with an empty data directory; floor, ours and peers take turns. Without
 * images it makes its own. Prints the figures beside their targets; it fails for nothing.
 *
 * The scanner that npm has, snyk-docker-plugin, is a package of the bench alone (`inventory/peer/`, exact versions): the
 * bench installs it in the user's cache at first use, and goes on without it where npm cannot.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bestLine, chart, type Panel } from "./inventory/chart.ts";
import { buildArchive, type Compression, type LayerPlan } from "./inventory/images.ts";
import * as plans from "./inventory/layers.ts";
import { type Measured, measure, summary } from "./inventory/measure.ts";
import { installPeer } from "./inventory/peer.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    /** Runs of each measurement; peers run at most three times. */
    rounds: { type: "string", default: "5" },
    /** Where made-up images are kept for the next time. */
    folder: { type: "string", default: join(tmpdir(), "portwarden-bench-images") },
    /** `name=command`; `{}` in the command is the image, else it comes last. */
    peer: { type: "string", multiple: true, default: [] },
    /** `--no-snyk`: without the scanner that npm has. */
    snyk: { type: "boolean", default: true },
    /** Where the growth curves are drawn. */
    svg: { type: "string" },
    /** Of the made-up ones: images, warm, growth, ten-gigabytes. */
    only: { type: "string", multiple: true, default: ["images", "warm", "growth"] },
  },
});
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const rounds = Number(values.rounds);
const scratch = mkdtempSync(join(tmpdir(), "portwarden-bench-"));
let runs = 0;

/** 0, and 3 for an image of which not everything could be read. */
const done = [0, 3];

function ours(image: string, data = join(scratch, `data-${runs++}`)): Promise<Measured> {
  const output = join(scratch, "sbom.json");
  const parameters = ["inventory", image, "--format", "cyclonedx", "--output", output, "--data", data];
  return measure([process.execPath, here("../cli/portwarden.mjs"), ...parameters], done);
}

const floor = (way: "plain" | "tuned", image: string) =>
  measure([process.execPath, here("inventory/floor.ts"), way, image, image.split("/")[0] ?? ""]);

interface Contender {
  readonly name: string;
  readonly run: (image: string) => Promise<Measured>;
}

function peers(image: string): readonly Contender[] {
  const all: Contender[] = values.peer.map((text) => {
    const [name = "", command = ""] = text.split(/=(.*)/s);
    const parts = command.split(" ");
    const with_ = parts.includes("{}") ? (one: string) => parts.map((part) => (part === "{}" ? one : part)) : undefined;
    return { name, run: (one) => measure(with_?.(one) ?? [...parts, one], [0, 1, 2, 3]) };
  });
  // It reads archives only.
  const folder = values.snyk && image.includes("-archive:") ? installPeer() : undefined;
  if (folder !== undefined) {
    const name = "snyk-docker-plugin";
    all.push({ name, run: (one) => measure([process.execPath, here("inventory/snyk.ts"), one, folder]) });
  }
  return all;
}

interface Size {
  readonly bytes: number;
  readonly entries: number;
  readonly compressed: number;
  readonly layers: number;
}

/** What an image of this size may take. */
function targetOf({ bytes, entries }: Size): { readonly seconds?: number; readonly megabytes: number } {
  if (entries >= 2_900_000) return { seconds: 8, megabytes: 160 };
  if (bytes <= 320e6) return { seconds: 1.3, megabytes: 160 };
  if (bytes <= 3.8e9) return { seconds: 9, megabytes: 256 };
  return { megabytes: 256 };
}

function row(name: string, seconds: number, megabytes: number, rest: string): void {
  console.log(
    `  ${name.padEnd(26)}${seconds.toFixed(2).padStart(8)} s${megabytes.toFixed(0).padStart(7)} MB   ${rest}`,
  );
}

async function compare(name: string, image: string): Promise<void> {
  const contenders = peers(image);
  const results = new Map<string, Measured[]>();
  const add = (of: string, run: Measured) => results.set(of, [...(results.get(of) ?? []), run]);
  // Not counted: the file comes into the page cache, the compiled code into its own.
  const size: Size = JSON.parse((await floor("tuned", image)).output);
  await ours(image);
  for (let round = 0; round < rounds; round++) {
    add("plain", await floor("plain", image));
    add("tuned", await floor("tuned", image));
    add("ours", await ours(image));
    for (const { name: peer, run } of round < 3 ? contenders : []) add(peer, await run(image));
  }
  const own = summary(results.get("ours") ?? []);
  const target = targetOf(size);
  const what = `${(size.compressed / 1e6).toFixed(0)} MB compressed, ${(size.bytes / 1e6).toFixed(0)} MB, ${size.entries} entries, ${size.layers} layers`;
  console.log(`\n${name}: ${what}; medians of ${rounds}`);
  const seconds = target.seconds === undefined ? "" : `target ${target.seconds} s, `;
  row(
    "portwarden",
    own.seconds,
    own.megabytes,
    `${seconds}${target.megabytes} MB; ${own.cpuSeconds.toFixed(2)} s of CPU`,
  );
  for (const way of ["plain", "tuned"]) {
    const bare = summary(results.get(way) ?? []);
    const share = ((100 * bare.seconds) / own.seconds).toFixed(0);
    const byCpu = ((100 * bare.cpuSeconds) / own.cpuSeconds).toFixed(0);
    row(`bare floor, ${way}`, bare.seconds, bare.megabytes, `we run at ${share} % (${byCpu} % by CPU), target 80 %`);
  }
  for (const { name: peer } of contenders) {
    const other = summary(results.get(peer) ?? []);
    const faster = (other.seconds / own.seconds).toFixed(1);
    const less = (own.megabytes / other.megabytes).toFixed(2);
    row(
      peer,
      other.seconds,
      other.megabytes,
      `${faster} times our time (target 4), we use ${less} of its memory (0.5)`,
    );
  }
}

/** An image on layers that another one brought: only the new layer is read. */
async function warm(base: LayerPlan[], known: string): Promise<void> {
  const image = await built("warm", [...base.slice(0, 1), plans.installed(99, 20e6, 1500)]);
  const alone = await built("new-layer", [plans.installed(99, 20e6, 1500)]);
  const results = { cold: [] as Measured[], warm: [] as Measured[], alone: [] as Measured[] };
  for (let round = 0; round < rounds; round++) {
    const data = join(scratch, `warm-${round}`);
    await ours(known, data);
    results.cold.push(await ours(image));
    results.warm.push(await ours(image, data));
    results.alone.push(await ours(alone));
  }
  console.log(`\na new layer of 20 MB on a base that is known; medians of ${rounds}`);
  for (const [name, list] of Object.entries(results)) {
    const { seconds, megabytes } = summary(list);
    const label = { cold: "nothing known", warm: "base known", alone: "the new layer alone" }[name] ?? name;
    row(label, seconds, megabytes, "");
  }
}

async function growth(): Promise<void> {
  const curve = async (title: string, unit: string, xs: readonly number[], plan: (x: number) => LayerPlan[]) => {
    const points: { x: number; y: number }[] = [];
    let peak = 0;
    for (const x of xs) {
      const image = await built(`${title}-${x}`, plan(x));
      const list: Measured[] = [];
      for (let round = 0; round < Math.min(rounds, 3); round++) list.push(await ours(image));
      const { seconds, megabytes } = summary(list);
      points.push({ x, y: seconds });
      peak = Math.max(peak, megabytes);
    }
    const { slope, intercept, r2 } = bestLine(points);
    console.log(`\ngrowth with ${title}: ${points.map(({ x, y }) => `${x}: ${y.toFixed(2)} s`).join(", ")}`);
    console.log(
      `  ${slope.toFixed(5)} s for each, after ${intercept.toFixed(2)} s; R² ${r2.toFixed(4)}; at most ${peak.toFixed(0)} MB`,
    );
    return { title, unit, points };
  };
  const panels: Panel[] = [
    await curve("bytes", "MB uncompressed", [100, 200, 400, 800, 1600], (x) => plans.bytesImage(x)),
    await curve("entries", "thousands of entries", [250, 500, 1000, 2000, 3000], (x) => [plans.emptyFiles(x * 1000)]),
  ];
  const file = values.svg ?? join(values.folder, "growth.svg");
  writeFileSync(file, chart(panels));
  console.log(`  drawn in ${file}`);
}

async function built(name: string, layers: readonly LayerPlan[], compression: Compression = "gzip"): Promise<string> {
  mkdirSync(values.folder, { recursive: true });
  return `oci-archive:${await buildArchive(values.folder, name, layers, compression)}`;
}

try {
  console.log(`${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`);
  const isMadeUp = positionals.length === 0;
  for (const image of positionals) await compare(image, image);
  if (isMadeUp && values.only.includes("images")) {
    const application = plans.applicationImage();
    await compare("application, gzip", await built("application", application));
    await compare("application, zstd", await built("application-zstd", application, "zstd"));
    await compare("3,000,000 empty files", await built("entries-3000", [plans.emptyFiles(3_000_000)]));
    await compare("large, gzip", await built("large", plans.largeImage()));
    await compare("large, zstd", await built("large-zstd", plans.largeImage(), "zstd"));
  }
  if (isMadeUp && values.only.includes("ten-gigabytes")) {
    const layers = Array.from({ length: 10 }, (_, step) => plans.installed(step, 1e9, 10_000));
    await compare("ten gigabytes", await built("ten-gigabytes", layers, "zstd"));
  }
  if (isMadeUp && values.only.includes("warm")) {
    const application = plans.applicationImage();
    await warm(application, await built("application", application));
  }
  if (isMadeUp && values.only.includes("growth")) await growth();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
