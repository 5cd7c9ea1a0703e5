/**
 * A soak of mutated inputs over every parser (`npm run fuzz -- --minutes N`): no crash, no defect that a caller has to
 * catch, nothing that takes over two seconds. The same seed makes the same inputs; each that does harm is saved.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { sharedData } from "../test/support/shared-data.ts";
import { chosenTargets, type Defect, prepare, type WorkerInput } from "./fuzz/worker.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    /** Only parsers whose names contain it. */
    only: { type: "string" },
    /** Runs one input of the seed again and shows what it does. */
    replay: { type: "string" },
    /** Where harmful inputs are kept. */
    folder: { type: "string", default: join(tmpdir(), "portwarden-fuzz") },
  },
});
const seed = Number(values.seed);
const samples = sharedData === undefined ? undefined : join(sharedData, "images");
const hangMilliseconds = 2000;

interface Found {
  readonly what: string;
  readonly target: string;
  count: number;
}
const found = new Map<string, Found>();

/** Keeps the first input of each kind of harm. */
function note(
  kind: "defect" | "hang" | "crash",
  index: number,
  target: string,
  path: string,
  what: string,
  input: Uint8Array,
): void {
  // The place in the code tells one defect from another, the message differs with the input.
  const place = what
    .split("\n")
    .filter((line) => line.trimStart().startsWith("at "))
    .slice(0, 2)
    .join("|");
  const key = `${kind} ${target} ${place === "" ? what.slice(0, 60) : place}`;
  const known = found.get(key);
  if (known !== undefined) {
    known.count++;
    return;
  }
  found.set(key, { what: `${kind}: ${what.split("\n").slice(0, 4).join("\n    ")}`, target, count: 1 });
  mkdirSync(values.folder, { recursive: true });
  const name = `${kind}-${target.replaceAll(" ", "-")}-${seed}-${index}`;
  writeFileSync(join(values.folder, name), input);
  console.log(
    `${kind} in ${target} (${path}), --seed ${seed} --replay ${index}, saved as ${name}\n    ${what.split("\n").slice(0, 5).join("\n    ")}`,
  );
}

const allTargets = chosenTargets(samples, values.only);

async function replay(index: number): Promise<void> {
  const { target, sample, input, random } = prepare(allTargets, seed, index);
  mkdirSync(values.folder, { recursive: true });
  const file = join(values.folder, `replay-${index}`);
  writeFileSync(file, input);
  console.log(`${target.name}: ${sample.path}, ${input.length} bytes, in ${file}`);
  const started = performance.now();
  try {
    await target.run(input, sample.path, random);
    console.log("ended normally");
  } catch (thrown) {
    console.log(thrown);
  }
  console.log(`${(performance.now() - started).toFixed(1)} ms`);
}

/** Runs a worker until the time is over; one that hangs or dies is replaced, from the next input on. */
async function watch(worker: number, workers: number, until: number, count: (done: number) => void): Promise<void> {
  for (let first = worker; Date.now() < until; ) {
    const progress = new SharedArrayBuffer(16);
    const shared = new Float64Array(progress);
    shared[0] = -1;
    const input: WorkerInput = { seed, first, step: workers, until, samples, only: values.only, progress };
    const thread = new Worker(new URL("./fuzz/worker.ts", import.meta.url), {
      workerData: input,
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    thread.on("message", ({ index, target, path, message, input: bytes }: Defect) =>
      note("defect", index, target, path, message, bytes),
    );
    let failure: Error | undefined;
    let ended = false;
    thread.on("error", (error) => {
      failure = error;
    });
    const end = new Promise<void>((resolve) => {
      thread.once("exit", () => {
        ended = true;
        resolve();
      });
    });
    let done = 0;
    let at = { number: -1, since: Date.now() };
    let hung = false;
    while (!ended) {
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 250))]);
      const [current = -1, finished = 0] = shared;
      count(finished - done);
      done = finished;
      if (current !== at.number || current < 0) at = { number: current, since: Date.now() };
      else if (!ended && Date.now() - at.since > hangMilliseconds) {
        hung = true;
        await thread.terminate();
      }
    }
    if (failure === undefined && !hung) return;
    const { target, sample, input: bytes } = prepare(allTargets, seed, Math.max(0, at.number));
    if (hung) note("hang", at.number, target.name, sample.path, `over ${hangMilliseconds} ms`, bytes);
    else note("crash", at.number, target.name, sample.path, failure?.stack ?? "", bytes);
    first = Math.max(first, at.number) + workers;
  }
}

if (values.replay !== undefined) {
  await replay(Number(values.replay));
} else {
  const started = Date.now();
  const until = started + Number(values.minutes) * 60_000;
  const workers = Number(values.workers);
  let total = 0;
  let shown = started;
  console.log(
    `${allTargets.length} parsers, ${allTargets.reduce((sum, one) => sum + one.samples.length, 0)} samples, seed ${seed}, ${workers} workers`,
  );
  const count = (done: number) => {
    total += done;
    if (Date.now() - shown < 10_000) return;
    shown = Date.now();
    const seconds = (shown - started) / 1000;
    const memory = (process.memoryUsage.rss() / 1e6).toFixed(0);
    console.log(
      `${seconds.toFixed(0)} s: ${total} inputs, ${(total / seconds).toFixed(0)} a second, ${found.size} kinds of harm, ${memory} MB`,
    );
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => watch(worker, workers, until, count)));
  const seconds = (Date.now() - started) / 1000;
  console.log(
    `\n${total} inputs in ${seconds.toFixed(0)} s, ${(total / seconds).toFixed(0)} a second; crashes, hangs and defects: ${found.size}`,
  );
  for (const { what, target, count: times } of found.values()) console.log(`  ${times} x ${target}: ${what}`);
  process.exitCode = found.size === 0 ? 0 : 1;
}
