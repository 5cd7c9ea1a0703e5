/** Runs inputs one after another and tells of what it finds; says before each input which one it is. */
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { extractors } from "../../shared/inventory/registry.generated.ts";
import { PermanentError, TransientError } from "../../shared/platform/errors.ts";
import { collectAdvisorySamples } from "./advisory-samples.ts";
import { feedTargets } from "./feed-targets.ts";
import { mutate } from "./mutate.ts";
import { type Random, randomOf, seedOf } from "./random.ts";
import { collectSamples, type Sample } from "./samples.ts";
import { storeTargets } from "./store-targets.ts";
import type { Target } from "./target.ts";
import { targetsOf } from "./targets.ts";
import { versionTargets } from "./version-targets.ts";
import { vexTargets } from "./vex-targets.ts";

export interface WorkerInput {
  readonly seed: number;
  /** The first input, and the distance to the next: workers share a run. */
  readonly first: number;
  readonly step: number;
  readonly until: number;
  /** The folder of real data; undefined: only made-up samples. */
  readonly data: string | undefined;
  readonly only: string | undefined;
  /** The number of the input at hand, for the watcher. */
  readonly progress: SharedArrayBuffer;
}

export interface Defect {
  readonly index: number;
  readonly target: string;
  readonly path: string;
  readonly message: string;
  readonly input: Uint8Array;
}

export interface Prepared {
  readonly target: Target;
  readonly sample: Sample;
  readonly input: Buffer;
  readonly random: Random;
}

/** The `index`th input of a run: the same whenever it is made. */
export function prepare(targets: readonly Target[], seed: number, index: number): Prepared {
  const random = randomOf(seedOf(seed, index));
  let left = random.below(targets.reduce((sum, { weight }) => sum + weight, 0));
  const target = targets.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  const sample = target && random.pick(target.samples);
  const other = target && random.pick(target.samples);
  if (target === undefined || sample === undefined || other === undefined) throw new Error("no samples");
  const changed = mutate(sample.content, random, other.content);
  return { target, sample, input: target.repair?.(changed, random) ?? changed, random };
}

/** @param data the folder of real data; undefined: only made-up samples */
export async function chosenTargets(data: string | undefined, only: string | undefined): Promise<readonly Target[]> {
  const advisories = await collectAdvisorySamples(data);
  const images = data === undefined ? undefined : join(data, "images");
  const targets = [
    ...targetsOf(extractors, collectSamples(extractors, images)),
    ...feedTargets(advisories),
    ...(await storeTargets(advisories)),
    ...versionTargets(),
    ...vexTargets(advisories.vex),
  ].filter(({ samples }) => samples.length > 0);
  return only === undefined ? targets : targets.filter(({ name }) => name.includes(only));
}

/**
 * Errors that say what is wrong with the input: our own, plain ones, and what Node's decoders and readers throw. The rest
 * (a property of undefined, the call stack, lengths out of reason) is a defect, even where the room would have caught it.
 */
export function isExpected(thrown: unknown, isStrict = false): boolean {
  if (thrown instanceof PermanentError || thrown instanceof TransientError) return true;
  if (isStrict || !(thrown instanceof Error)) return false;
  if (thrown instanceof SyntaxError) return true;
  if ("code" in thrown && typeof thrown.code === "string") return true;
  return !(thrown instanceof TypeError || thrown instanceof RangeError || thrown instanceof ReferenceError);
}

/** By target: how many inputs it had, and the milliseconds they took. */
export type Times = ReadonlyMap<string, readonly [inputs: number, milliseconds: number]>;

async function run({ seed, first, step, until, data, only, progress }: WorkerInput): Promise<void> {
  const targets = await chosenTargets(data, only);
  const times = new Map<string, readonly [number, number]>();
  // Two numbers: which input, and how many are done.
  const shared = new Float64Array(progress);
  for (let index = first; Date.now() < until; index += step) {
    const { target, sample, input, random } = prepare(targets, seed, index);
    shared[0] = index;
    const started = performance.now();
    try {
      const result = target.run(input, sample.path, random);
      if (result !== undefined) await result;
    } catch (thrown) {
      if (!isExpected(thrown, target.strict)) {
        const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
        const defect: Defect = { index, target: target.name, path: sample.path, message, input };
        parentPort?.postMessage(defect);
      }
    }
    const [inputs, milliseconds] = times.get(target.name) ?? [0, 0];
    times.set(target.name, [inputs + 1, milliseconds + performance.now() - started]);
    shared[1] = (shared[1] ?? 0) + 1;
  }
  parentPort?.postMessage(times satisfies Times);
}

if (parentPort !== null) await run(workerData as WorkerInput);
