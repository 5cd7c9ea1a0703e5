import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { embeddedBus } from "../../../../shared/platform/embedded/bus.ts";
import { systemClock } from "../../../../shared/platform/embedded/clock.ts";
import { openEmbeddedStore } from "../../../../shared/platform/embedded/store.ts";
import type { Table } from "../../../../shared/platform/ports.ts";
import { eventually, sleep } from "../../../contract/expect.ts";
import { silentLog, temporaryDirectory } from "./support.ts";

const child = fileURLToPath(new URL("./crash-child.ts", import.meta.url));
const kills = 12;

/** Starts the child, and kills it at a random moment of its work. */
async function startAndKill(directory: string, report: string, first: number, milliseconds: number): Promise<void> {
  const starts = () => read(report).filter((line) => line === "started").length;
  const before = starts();
  const running = spawn(process.execPath, [child, directory, report, String(first)], { stdio: "inherit" });
  const ended = new Promise((resolve) => running.once("exit", (code, signal) => resolve(signal ?? code)));
  try {
    await Promise.race([eventually(starts, (count) => count > before), ended]);
    await sleep(milliseconds);
  } finally {
    running.kill("SIGKILL");
  }
  expect(await ended).toBe("SIGKILL");
}

function read(report: string): string[] {
  try {
    return readFileSync(report, "utf8").split("\n");
  } catch {
    return [];
  }
}

/** Numbers whose effect the child had reported before it was killed. */
const reported = (report: string, what: string) =>
  new Set(read(report).flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1)] : [])));

async function keys(table: Table, pk: string): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  let page = await table.query({ pk });
  for (;;) {
    for (const item of page.items) found.set(item.sk, item.data);
    if (page.next === undefined) return found;
    page = await table.query({ pk, after: page.next });
  }
}

test(`killed ${kills} times at random moments, it loses nothing it committed and handles every message`, async () => {
  using directory = temporaryDirectory();
  const report = join(directory.path, "report");
  for (let kill = 0; kill < kills; kill++) {
    await startAndKill(directory.path, report, kill * 100_000 + 1, Math.random() * 120);
  }

  const store = openEmbeddedStore(directory.path, { clock: systemClock, log: silentLog });
  try {
    const rule = { bus: "portwarden", queue: "work", pattern: { detail: { route: ["crash"] } } } as const;
    const bus = embeddedBus([rule], store);
    for (let records = await store.pendingOutbox(100); records.length > 0; records = await store.pendingOutbox(100)) {
      await bus.publishOutbox(records);
    }
    const consumer = store.queues.consume("work", {
      concurrency: 5,
      visibilitySeconds: 30,
      maxReceives: 5,
      async handle(body) {
        await store.table.add({ pk: "handled", sk: (body as { detail: { id: string } }).detail.id }, 1);
      },
    });
    const status = async () => (await store.queues.status()).find(({ name }) => name === "work");
    await eventually(status, (now) => now !== undefined && now.waiting + now.inFlight + now.delayed === 0);
    await consumer.stop();

    const committed = await keys(store.table, "committed");
    const handled = await keys(store.table, "handled");
    const missing = (all: Iterable<string>, from: ReadonlyMap<string, unknown>) =>
      [...all].filter((id) => !from.has(id));
    expect(missing(reported(report, "committed"), committed)).toEqual([]);
    expect(missing(reported(report, "handled"), handled)).toEqual([]);
    expect(missing(committed.keys(), handled)).toEqual([]);
    expect(missing(handled.keys(), committed)).toEqual([]);
    expect((await status())?.deadLetters).toBe(0);
    expect(committed.size).toBeGreaterThan(kills);
  } finally {
    store.close();
  }
});
