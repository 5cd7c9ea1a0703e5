/** Runs a command as a process of its own and says how long it took and how much memory it had at its peak. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Measured {
  readonly seconds: number;
  /** Of processor time, user and system; NaN when it ended between two looks. */
  readonly cpuSeconds: number;
  /** Peak resident set, in 10^6 bytes. */
  readonly megabytes: number;
  readonly output: string;
}

/** How often the kernel is asked; what a process does in its last moments may escape, its peak hardly. */
const lookMilliseconds = 4;

function look(pid: number): { readonly megabytes: number; readonly cpuSeconds: number } | undefined {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    if (peak === undefined) return undefined;
    return {
      megabytes: (Number(peak) * 1024) / 1e6,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    };
  } catch {
    return undefined;
  }
}

/**
 * From start to end, as a user waits for it.
 * @throws Error with what it printed, when it ends with another code than those expected
 */
export function measure(command: readonly string[], expected: readonly number[] = [0]): Promise<Measured> {
  const [program = "", ...parameters] = command;
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
    let [output, errors] = ["", ""];
    child.stdout.on("data", (piece: Buffer) => {
      output = (output + piece.toString()).slice(-10_000);
    });
    child.stderr.on("data", (piece: Buffer) => {
      errors = (errors + piece.toString()).slice(-2000);
    });
    let last = { megabytes: 0, cpuSeconds: 0 };
    const timer = setInterval(() => {
      last = look(child.pid ?? 0) ?? last;
    }, lookMilliseconds);
    let ended = 0;
    child.once("exit", () => {
      ended = performance.now();
      clearInterval(timer);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (!expected.includes(code ?? -1)) reject(new Error(`${command.join(" ")} ended with ${code}: ${errors}`));
      else resolve({ seconds: (ended - started) / 1000, ...last, output });
    });
  });
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Of several runs: the median time, and the highest peak of memory. */
export function summary(runs: readonly Measured[]): Omit<Measured, "output"> {
  return {
    seconds: median(runs.map(({ seconds }) => seconds)),
    cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    megabytes: Math.max(...runs.map(({ megabytes }) => megabytes)),
  };
}
