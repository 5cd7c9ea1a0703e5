/**
 * What the advisory store costs (`npm run bench:advisories`): building every shard from a directory of real advisories,
 * a day's changes over HTTP, the bytes that a cold scan fetches, opening a shard, matching 1,000 packages, and matching
 * stored images again when advisories change (`rematch.ts`). Prints the figures beside their targets; it fails for
 * nothing. Without the directory (`--from`, by default the shared data beside the checkout) only the last part runs.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { coldScans } from "./advisories/cold-scans.ts";
import { dailyDelta } from "./advisories/daily-delta.ts";
import { matching } from "./advisories/matching.ts";
import { measure, median } from "./inventory/measure.ts";

const { values } = parseArgs({
  options: {
    /** A directory of advisories. */
    from: { type: "string", default: fileURLToPath(new URL("../../shared/data/advisories", import.meta.url)) },
    /** Images whose packages are matched. */
    images: { type: "string", default: fileURLToPath(new URL("../../shared/data/images/built", import.meta.url)) },
    rounds: { type: "string", default: "3" },
    /** Of: build, delta, cold, match, rematch. */
    only: { type: "string", multiple: true, default: ["build", "delta", "cold", "match", "rematch"] },
  },
});
const rounds = Number(values.rounds);
const scratch = mkdtempSync(join(tmpdir(), "portwarden-bench-"));
const data = join(scratch, "data");
const wants = (part: string) => values.only.includes(part);

/** Into an empty store, as a user does it. */
async function build(): Promise<void> {
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    rmSync(data, { recursive: true, force: true });
    const cli = fileURLToPath(new URL("../cli/portwarden.mjs", import.meta.url));
    runs.push(await measure([process.execPath, cli, "advisories", "update", "--from", values.from, "--data", data]));
  }
  const seconds = median(runs.map((run) => run.seconds));
  const cpu = median(runs.map((run) => run.cpuSeconds));
  const megabytes = Math.max(...runs.map((run) => run.megabytes));
  const last = runs.at(-1)?.output.trim().split("\n").at(-1) ?? "";
  console.log(
    `building every shard: ${seconds.toFixed(1)} s (${cpu.toFixed(1)} s of CPU), ${megabytes.toFixed(0)} MB peak`,
  );
  console.log(`  targets 120 s, 700 MB; medians of ${rounds}; ${last}`);
}

try {
  if (!existsSync(values.from)) console.log(`${values.from} is not there: only what needs no advisories is measured`);
  else {
    if (["build", "cold", "match"].some(wants)) await build();
    if (wants("delta")) await dailyDelta(values.from, rounds, scratch);
    if (wants("cold")) await coldScans(data, values.images);
    if (wants("match")) await matching(data, values.images);
  }
  if (wants("rematch")) await (await import("./rematch.ts")).rematch();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
