/**
 * A soak of mutated inputs over everything that reads what strangers wrote (`npm run fuzz -- --help`): no crash, no
 * defect that a caller has to catch, nothing that takes over two seconds. The same seed makes the same inputs; each that
 * does harm is saved.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { sharedData } from "../test/support/shared-data.ts";
import { chosenTargets, type Defect, prepare, type Times, type WorkerInput } from "./fuzz/worker.ts";

const help = `npm run fuzz -- [options]

  --minutes N      how long (default 1)
  --seed N         another seed makes other inputs (default 1)
  --workers N      threads (default: as many as processors)
  --target TEXT    only targets whose names contain it: "feed osv", "versions deb", "extractor"
  --list           the targets' names, and how many samples each has
  --times          at the end: inputs and time of each target
  --replay N       runs one input of the seed again and shows what it does
  --folder PATH    where harmful inputs are kept
  --help
`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    target: { type: "string" },
    list: { type: "boolean", default: false },
    times: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    replay: { type: "string" },
    folder: { type: "string", default: join(tmpdir(), "portwarden-fuzz") },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const seed = Number(values.seed);
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

const allTargets = await chosenTargets(sharedData, values.target);
if (allTargets.length === 0) {
  console.error(`no target has "${values.target}" in its name (--list shows them)`);
  process.exit(2);
}
if (values.list) {
  for (const { name, samples } of allTargets) console.log(`${name} (${samples.length})`);
  process.exit(0);
}
const times = new Map<string, readonly [number, number]>();

function addTimes(more: Times): void {
  for (const [name, [inputs, milliseconds]] of more) {
    const [known, before] = times.get(name) ?? [0, 0];
    times.set(name, [known + inputs, before + milliseconds]);
  }
}

function showTimes(): void {
  const total = [...times.values()].reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
  for (const [name, [inputs, milliseconds]] of [...times].sort(([, a], [, b]) => b[1] - a[1])) {
    const share = ((100 * milliseconds) / total).toFixed(1);
    console.log(
      `${share.padStart(5)} % ${String(inputs).padStart(8)} x ${(milliseconds / inputs).toFixed(2)} ms  ${name}`,
    );
  }
}

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
    const input: WorkerInput = { seed, first, step: workers, until, data: sharedData, only: values.target, progress };
    const thread = new Worker(new URL("./fuzz/worker.ts", import.meta.url), {
      workerData: input,
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    thread.on("message", (told: Defect | Times) => {
      if (told instanceof Map) addTimes(told);
      else if ("index" in told) note("defect", told.index, told.target, told.path, told.message, told.input);
    });
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
    `${allTargets.length} targets, ${allTargets.reduce((sum, one) => sum + one.samples.length, 0)} samples, seed ${seed}, ${workers} workers`,
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
  if (values.times) showTimes();
  process.exitCode = found.size === 0 ? 0 : 1;
}
