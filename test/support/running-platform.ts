/** The platform as people run it: a process of its own, which can be stopped, or killed at any moment. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const repositoryRoot = fileURLToPath(new URL("../../", import.meta.url));
export const cliPath = join(repositoryRoot, "cli/portwarden.mjs");

export interface RunningPlatform {
  readonly url: string;
  readonly pid: number;
  readonly token: string;
  /** The secret that Docker Distribution's notifications prove themselves with. */
  readonly webhookSecret: string;
  /** What it printed so far, both streams. */
  output(): string;
  /** Ends it with a signal and waits; resolves with the exit code, or null when the signal ended it. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

export interface PlatformOptions {
  readonly data: string;
  readonly port?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts `portwarden start` and waits until it listens. Throws with its output when it ends instead. */
export async function startPlatform(options: PlatformOptions): Promise<RunningPlatform> {
  const { PORTWARDEN_SLACK_WEBHOOK_URL: _slack, PORTWARDEN_MAIL_TO: _mail, ...inherited } = process.env;
  const child = spawn(
    process.execPath,
    [cliPath, "start", "--data", options.data, "--port", String(options.port ?? 0)],
    { env: { ...inherited, ...options.environment }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const url = await listening(child, join(options.data, "server.json"), () => output);
  const read = (name: string) => readFileSync(join(options.data, name), "utf8").trim();
  return {
    url,
    pid: child.pid ?? 0,
    token: read("token"),
    webhookSecret: read("secrets/distribution"),
    output: () => output,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

async function listening(child: ChildProcess, serverFile: string, output: () => string): Promise<string> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the platform ended:\n${output()}`);
    if (existsSync(serverFile)) {
      try {
        const { url, pid } = JSON.parse(readFileSync(serverFile, "utf8")) as { url: string; pid: number };
        if (pid === child.pid) return url;
      } catch {
        // Being written at this moment.
      }
    }
    await sleep(50);
  }
  child.kill("SIGKILL");
  throw new Error(`the platform does not listen:\n${output()}`);
}

/** Runs the command line; never throws for its exit code. */
export async function runCli(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [cliPath, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}

/** Asks again until there is an answer; throws with `what` after the time is up. */
export async function eventually<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > until) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(100);
  }
}
