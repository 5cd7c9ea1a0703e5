/**
 * From a push to stored findings and a sent message, on the embedded platform: median of many pushes of a 30 MB image
 * with the split by step; the idle platform; and a thousand pushes queued at once. Prints the figures beside their
 * targets; it fails for nothing.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect } from "../cli/client.ts";
import { demoAdvisories } from "../local/demo/advisories.ts";
import { type BuiltImage, buildImage, type LayerFile } from "../local/demo/build-image.ts";
import { slackReceiver } from "../local/demo/receivers.ts";
import { type Registry, startRegistry } from "../local/demo/registry.ts";
import { startHost } from "../local/host.ts";
import { localPorts } from "../local/ports.ts";
import { readLocalSettings } from "../local/settings.ts";
import { updateAdvisories } from "../shared/advisories/update/update.ts";
import * as schemas from "../shared/api/schemas.ts";
import { embeddedSecrets } from "../shared/platform/embedded/secrets.ts";
import type { Log, LogFields } from "../shared/platform/ports.ts";
import { eventually, runCli, startPlatform } from "../test/support/running-platform.ts";

const { values } = parseArgs({
  options: { pushes: { type: "string", default: "20" }, queued: { type: "string", default: "1000" } },
});
const folder = mkdtempSync(join(tmpdir(), "portwarden-bench-"));
const records = join(folder, "records");
mkdirSync(records);
for (const [index, record] of demoAdvisories.entries())
  writeFileSync(join(records, `${index}.json`), JSON.stringify(record));

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** Text that compresses about 3:1, as files of images do, and is different in every image. */
function filler(bytes: number): Buffer {
  const seed = randomBytes(Math.ceil(bytes / 3));
  return Buffer.concat([seed, Buffer.alloc(bytes - seed.length, seed.subarray(0, 4096))]);
}

function thirtyMegabytes(): BuiltImage {
  const many = (folder: string, count: number, size: number): LayerFile[] =>
    Array.from({ length: count }, (_, index) => ({ path: `${folder}/file-${index}`, content: filler(size) }));
  const manifest = (name: string, version: string): LayerFile => ({
    path: `app/node_modules/${name}/package.json`,
    content: JSON.stringify({ name, version }),
  });
  const others = Array.from({ length: 300 }, (_, index) => manifest(`package-${index}`, `1.0.${index}`));
  return buildImage({
    layers: [
      { files: many("usr/lib", 1500, 30_000) },
      {
        files: [...many("app/dist", 1000, 30_000), ...others, manifest("minimist", "0.0.8"), manifest("ini", "1.3.5")],
      },
      { files: many("srv", 500, 30_000) },
    ],
  });
}

interface Pushed {
  readonly bytes: number;
  readonly steps: ReadonlyMap<string, number>;
}

async function benchPushes(count: number): Promise<void> {
  const slack = await slackReceiver();
  const data = join(folder, "pushes");
  const seen: { at: number; message: string; fields: LogFields }[] = [];
  const note = (message: string, fields: LogFields = {}) => void seen.push({ at: performance.now(), message, fields });
  const log: Log = { debug() {}, info: note, warn: note, error: note };
  const local = readLocalSettings(data, { PORTWARDEN_SLACK_WEBHOOK_URL: slack.url });
  const secrets = embeddedSecrets(data, { ...local.secrets, distribution: "bench" });
  const ports = localPorts({ settings: local.settings, log, secrets });
  const host = await startHost({
    dataDirectory: data,
    host: "127.0.0.1",
    port: 0,
    token: "bench",
    ports,
    schedules: false,
  });
  await updateAdvisories(host.platform, host.platform.settings.advisories, records);
  const registry = await startRegistry({
    notifications: { url: `${host.url}/v1/hooks/distribution`, headers: { authorization: "Bearer bench" } },
  });
  const pushes: Pushed[] = [];
  for (let number = 0; number <= count; number++) {
    const image = thirtyMegabytes();
    seen.length = 0;
    const started = performance.now();
    await registry.push(image, `bench/app-${number}`, "1");
    await slack.wait(number + 1);
    const sent = performance.now() - started;
    const at = (message: string) => (seen.find((line) => line.message === message)?.at ?? Number.NaN) - started;
    const field = (name: string) => Number(seen.find((line) => line.message === "image inspected")?.fields[name]);
    const inspected = at("image inspected");
    const stored = at("scan completed");
    const steps = new Map([
      ["notified, queued, manifest read", inspected - field("inventoryMs") - field("matchingMs")],
      ["layers read (inventory)", field("inventoryMs")],
      ["matched", field("matchingMs")],
      ["findings, report and event stored", stored - inspected],
      ["push to findings stored", stored],
      ["routed and delivered", sent - stored],
      ["push to message sent", sent],
    ]);
    // The first one warms up the process.
    if (number > 0) pushes.push({ bytes: image.layers.reduce((sum, layer) => sum + layer.size, 0), steps });
  }
  await registry.close();
  await host.stop();
  await slack.close();
  console.log(
    `\n${count} pushes of a ${(median(pushes.map(({ bytes }) => bytes)) / 1e6).toFixed(1)} MB image, every layer new; medians`,
  );
  for (const step of pushes[0]?.steps.keys() ?? []) {
    const figures = pushes.map(({ steps }) => steps.get(step) ?? Number.NaN);
    const target = { "push to findings stored": 3000, "push to message sent": 4000 }[step];
    const beside = target === undefined ? "" : `   target ${target} ms, ratio ${(median(figures) / target).toFixed(2)}`;
    console.log(
      `  ${step.padEnd(36)}${median(figures).toFixed(0).padStart(6)} ms  (${Math.min(...figures).toFixed(0)}-${Math.max(...figures).toFixed(0)})${beside}`,
    );
  }
}

const memoryOf = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

/** CPU seconds a process has used, user and system. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function benchQueue(count: number): Promise<void> {
  const data = join(folder, "queue");
  const loaded = await runCli("advisories", "update", "--from", records, "--data", data);
  if (loaded.code !== 0) throw new Error(loaded.stderr);
  const slack = await slackReceiver();
  const platform = await startPlatform({
    data,
    environment: { PORTWARDEN_LOG: "warn", PORTWARDEN_SLACK_WEBHOOK_URL: slack.url },
  });
  await sleep(10_000);
  const before = cpuOf(platform.pid);
  await sleep(20_000);
  const idle = ((cpuOf(platform.pid) - before) / 20) * 100;
  console.log(`\nidle platform, 10 s after its start, over 20 s`);
  console.log(`  CPU ${idle.toFixed(2)} %   target 0 %`);
  console.log(`  RSS ${memoryOf(platform.pid).toFixed(0)} MB   target 150 MB`);

  const registry: Registry = await startRegistry();
  const events: object[] = [];
  for (let number = 0; number < count; number++) {
    const image = buildImage({
      layers: [
        { files: [{ path: "app/number", content: `${number}`.repeat(50_000) }] },
        { files: [{ path: "app/node_modules/ini/package.json", content: '{"name":"ini","version":"1.3.5"}' }] },
      ],
    });
    await registry.push(image, `bench/queued-${number}`, "1");
    events.push({
      id: `event-${number}`,
      timestamp: new Date().toISOString(),
      action: "push",
      target: {
        mediaType: image.manifest.mediaType,
        digest: image.manifest.digest,
        size: image.manifest.size,
        repository: `bench/queued-${number}`,
        tag: "1",
      },
      request: { host: registry.address },
    });
  }
  const started = performance.now();
  for (let from = 0; from < events.length; from += 100) {
    const response = await fetch(`${platform.url}/v1/hooks/distribution`, {
      method: "POST",
      headers: {
        "content-type": "application/vnd.docker.distribution.events.v1+json",
        authorization: `Bearer ${platform.webhookSecret}`,
      },
      body: JSON.stringify({ events: events.slice(from, from + 100) }),
    });
    if (response.status !== 202) throw new Error(`the webhook answered ${response.status}`);
  }
  const memory: number[] = [];
  const client = connect({ data });
  await eventually("all scanned and told", 600, async () => {
    memory.push(memoryOf(platform.pid));
    const { queues } = await client.get("/v1/queues", schemas.queueList);
    await sleep(400);
    return queues.every(({ waiting, inFlight }) => waiting + inFlight === 0) && slack.received.length >= count
      ? true
      : undefined;
  });
  const seconds = (performance.now() - started) / 1000;
  let scanned = 0;
  let cursor: string | undefined;
  do {
    const page = await client.get("/v1/images", schemas.imagePage, { limit: "1000", cursor });
    scanned += page.images.filter(({ scan }) => scan?.status === "complete").length;
    cursor = page.next;
  } while (cursor !== undefined);
  const quarter = (part: number) =>
    median(memory.slice(Math.floor((memory.length * part) / 4), Math.floor((memory.length * (part + 1)) / 4)));
  console.log(`\n${count} pushes queued at once`);
  console.log(
    `  scanned ${scanned} of ${count}, ${slack.received.length} messages, in ${seconds.toFixed(1)} s (${(count / seconds).toFixed(0)} a second)`,
  );
  console.log(
    `  RSS by quarter of the run: ${[0, 1, 2, 3].map((part) => quarter(part).toFixed(0)).join(", ")} MB; highest ${Math.max(...memory).toFixed(0)} MB`,
  );
  await platform.end("SIGTERM");
  await registry.close();
  await slack.close();
}

try {
  console.log(`${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`);
  await benchPushes(Number(values.pushes));
  await benchQueue(Number(values.queued));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
