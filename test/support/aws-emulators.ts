/**
 * Starts and stops the AWS emulators that `.ci/install-aws-emulators.sh` installs: DynamoDB Local, and moto for the
 * other services. Each start is a process of its own on a free loopback port, with nothing stored.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const cache =
  process.env["PORTWARDEN_CI_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "portwarden-ci");
const dynamodbLibraries = join(cache, "dynamodb-local", "lib");
const motoServer = join(cache, "moto", "bin", "moto_server");

const installed = [join(cache, "dynamodb-local", "version"), join(cache, "moto", "version")].every(existsSync);
const inCi = !["", "false", undefined].includes(process.env["CI"]);
if (!installed && inCi) throw new Error("the AWS emulators are missing: run .ci/install-aws-emulators.sh");

/** Why the tests against emulators are skipped, or `undefined` when they run. In CI they always run. */
export const emulatorsMissing: string | undefined = installed
  ? undefined
  : "skipped: run .ci/install-aws-emulators.sh first";
if (emulatorsMissing !== undefined) console.warn(`AWS emulator tests ${emulatorsMissing}`);

export interface Emulator {
  /** Base URL, without trailing slash. */
  readonly endpoint: string;
  /** What every SDK client needs to talk to it: endpoint, region, and credentials that nobody checks. */
  readonly client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  close(): Promise<void>;
}

export const region = "eu-central-1";
/** moto's account. */
export const account = "123456789012";
const credentials = { accessKeyId: "emulated", secretAccessKey: "emulated" };

/** DynamoDB Local, in memory. */
export function startDynamoDb(): Promise<Emulator> {
  return start((port) => ({
    command: "java",
    args: [
      "-Xmx512m",
      `-Dsqlite4java.library.path=${dynamodbLibraries}`,
      "-cp",
      join(dynamodbLibraries, "*"),
      "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
      "-inMemory",
      "-sharedDb",
      "-disableTelemetry",
      "-port",
      String(port),
    ],
  }));
}

/** moto's server: S3, SQS, EventBridge, Secrets Manager, SES and ECR, among others. */
export function startMoto(): Promise<Emulator> {
  return start((port) => ({ command: motoServer, args: ["-H", "127.0.0.1", "-p", String(port)] }));
}

async function start(commandOn: (port: number) => { command: string; args: string[] }): Promise<Emulator> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const { command, args } = commandOn(port);
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    const kill = () => void child.kill("SIGKILL");
    process.once("exit", kill);
    let said = "";
    child.stderr.on("data", (text) => {
      said = `${said}${text}`.slice(-2000);
    });
    const endpoint = `http://127.0.0.1:${port}`;
    if (await answers(endpoint, child)) {
      return {
        endpoint,
        client: { endpoint, region, credentials },
        async close() {
          process.off("exit", kill);
          await end(child);
        },
      };
    }
    process.off("exit", kill);
    await end(child);
    // Another process may have taken the port between our finding it and the emulator's opening it.
    if (attempt === 3) throw new Error(`${command} does not start: ${said}`);
  }
}

async function answers(endpoint: string, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + 60_000;
  while (Date.now() < until && child.exitCode === null && child.signalCode === null) {
    try {
      await fetch(endpoint);
      return true;
    } catch {
      await sleep(100);
    }
  }
  return false;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === "object" ? address.port : 0));
    });
  });
}
