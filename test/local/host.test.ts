import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startHost } from "../../local/host.ts";
import { manifestKey } from "../../shared/advisories/set/manifest.ts";
import { outboxWrite } from "../../shared/events/outbox.ts";
import type { EventOf } from "../../shared/events/types.ts";
import { imagesByDigest } from "../../shared/images/store.ts";
import { openEmbeddedStore } from "../../shared/platform/embedded/store.ts";
import { at, eventsOf, npmImage } from "../shared/scanning/world.ts";
import { removeDirectory, startTestHost, type TestHost, temporaryDirectory } from "../support/host.ts";
import { type FaultyRegistry, isBlob, startFaultyRegistry } from "../support/registry.ts";
import { eventually, runCli } from "../support/running-platform.ts";

let registry: FaultyRegistry;
beforeAll(async () => {
  registry = await startFaultyRegistry();
});
afterAll(() => registry.close());

const started: TestHost[] = [];
const start = async (options: Parameters<typeof startTestHost>[0] = {}) => {
  const host = await startTestHost(options);
  started.push(host);
  return host;
};
afterEach(async () => {
  for (const host of started.splice(0)) {
    if (existsSync(join(host.data, "server.json"))) await host.stop();
    removeDirectory(host.data);
  }
});

/** Pushes as many images to the registry; their events. */
async function pushes(repository: string, count: number): Promise<EventOf<"ImagePushed">[]> {
  const { pushed } = eventsOf(registry.address, repository);
  const events: EventOf<"ImagePushed">[] = [];
  for (let number = 0; number < count; number++) {
    const image = npmImage({ minimist: "0.0.8" }, { salt: `${repository} ${number}` });
    await registry.push(image, repository, `v${number}`);
    events.push(pushed(image, { tags: [`v${number}`], time: at(number) }));
  }
  return events;
}

const scanned = async (host: TestHost, { data }: EventOf<"ImagePushed">) =>
  (await imagesByDigest(host.platform.table, data.digest)).some(({ scan }) => scan !== undefined);

describe("stopping and starting", () => {
  it("finishes what is in hand, takes no more, and goes on with the rest when started again", async () => {
    const host = await start();
    const events = await pushes("team/drain", 6);
    let served = 0;
    registry.fail({ when: (exchange) => isBlob(exchange) && ++served > 0, act: { delayMilliseconds: 60 }, times: 30 });
    await host.platform.bus.publish(events);
    await eventually("a scan under way", 5, async () => (served > 0 ? true : undefined));
    await host.stop();

    expect(existsSync(join(host.data, "server.json"))).toBe(false);
    await expect(fetch(`${host.url}/healthz`)).rejects.toThrow();
    const store = openEmbeddedStore(host.data, { clock: { now: () => Date.now() }, log: host.platform.log });
    store.queues.declare(["scan-image"]);
    const left = (await store.queues.status()).find(({ name }) => name === "scan-image");
    const done = [];
    for (const { data } of events) {
      const records = await imagesByDigest(store.table, data.digest);
      if (records.some(({ scan }) => scan !== undefined)) done.push(data.digest);
    }
    store.close();
    // Two at once were in hand: they were done, and nothing was begun after.
    expect(done.length).toBeGreaterThanOrEqual(2);
    expect(left).toMatchObject({ waiting: events.length - done.length, inFlight: 0, deadLetters: 0 });
    expect(left?.waiting).toBeGreaterThan(0);

    const again = await start({ data: host.data });
    await again.idle();
    for (const event of events) expect(await scanned(again, event)).toBe(true);
  });

  it("is one host to a data directory, and says which port is taken", async () => {
    const host = await start();
    await expect(startTestHost({ data: host.data })).rejects.toMatchObject({ code: "data-directory-in-use" });
    expect((await fetch(`${host.url}/healthz`)).status).toBe(200);
    const data = temporaryDirectory();
    const port = Number(new URL(host.url).port);
    await expect(startTestHost({ data, port })).rejects.toMatchObject({
      code: "port-in-use",
      message: expect.stringContaining(`port ${port} `),
    });
    // Nothing of the failed start holds the directory.
    const other = await start({ data });
    expect((await fetch(`${other.url}/healthz`)).status).toBe(200);
    await expect(
      startHost({ ...hostOptions(other), dataDirectory: temporaryDirectory(), host: "192.0.2.1" }),
    ).rejects.toMatchObject({ code: "cannot-listen" });
  });
});

function hostOptions(host: TestHost): Parameters<typeof startHost>[0] {
  const { credentials, ecs, clock, log, metrics, progress, secrets, settings, mailer } = host.platform;
  const ports = { credentials, ecs, clock, log, progress, secrets, settings, mailer };
  return {
    dataDirectory: host.data,
    host: "127.0.0.1",
    port: 0,
    token: host.token,
    schedules: false,
    ports: { ...ports, metrics: { ...metrics, snapshot: () => [] } },
  };
}

describe("what cannot be handled", () => {
  const deadLetters = async (host: TestHost, queue: string) =>
    (await host.platform.queues.status()).find(({ name }) => name === queue)?.deadLetters;

  it("is a dead letter at once when it is no message, and again when it is redriven", async () => {
    const host = await start();
    await host.platform.queues.send("scan-image", [{ nonsense: true }, { "detail-type": "ImagePushed" }]);
    await host.idle();
    expect(await deadLetters(host, "scan-image")).toBe(2);
    expect(await host.platform.queues.redrive("scan-image")).toBe(2);
    await host.idle();
    expect(await deadLetters(host, "scan-image")).toBe(2);
    expect(host.logged.filter(({ fields }) => fields["code"] === "message-unfit")).toHaveLength(4);
  });

  it("is brought back by `portwarden queues redrive` once its cause is mended", async () => {
    const host = await start();
    const [event] = await pushes("team/poisoned", 1);
    if (event === undefined) throw new Error("no event");
    await host.platform.blobs.put(manifestKey, Buffer.from("{"));
    await host.platform.bus.publish([event]);
    await host.idle();
    expect(await deadLetters(host, "scan-image")).toBe(1);
    expect(await scanned(host, event)).toBe(false);

    await host.platform.blobs.remove(manifestKey);
    const redriven = await runCli("queues", "redrive", "scan-image", "--data", host.data);
    expect(redriven).toEqual({ code: 0, stdout: "1 message moved back into scan-image\n", stderr: "" });
    await host.idle();
    expect(await deadLetters(host, "scan-image")).toBe(0);
    expect(await scanned(host, event)).toBe(true);
  });

  it("does not hold up the outbox: a record that is no event is set aside, and can be redriven", async () => {
    const host = await start();
    const [event] = await pushes("team/outbox", 1);
    if (event === undefined) throw new Error("no event");
    const { table, queues, clock } = host.platform;
    await table.transact([{ put: { pk: "outbox#broken", sk: "event", data: { "detail-type": "Unheard" } } }]);
    await table.transact([outboxWrite(event, clock.now())]);
    await eventually("the event behind it", 5, async () => ((await scanned(host, event)) ? true : undefined));
    expect(await deadLetters(host, "publish-outbox")).toBe(1);
    expect(await queues.redrive("publish-outbox")).toBe(1);
    await host.idle();
    expect(await deadLetters(host, "publish-outbox")).toBe(1);

    // A redriven record that is an event goes where it always did.
    const [second] = await pushes("team/outbox-redriven", 1);
    if (second === undefined) throw new Error("no event");
    const write = outboxWrite(second, clock.now());
    await queues.send("publish-outbox", "put" in write ? [write.put.data] : []);
    await eventually("its scan", 5, async () => ((await scanned(host, second)) ? true : undefined));
  });

  it("in a request is 500 without a word about why, and a line in the log", async () => {
    const host = await start();
    const broken = npmImage({}).manifest.digest;
    await host.platform.table.put({
      pk: `image#${broken}`,
      sk: "record#registry.example/app",
      data: { kind: "secret" },
    });
    const response = await host.ask(`/v1/images/${broken}`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/secret|kind/);
    expect(host.logged.map(({ line }) => line)).toContain("error an API request failed");
  });
});
