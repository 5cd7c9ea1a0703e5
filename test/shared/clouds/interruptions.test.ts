import { describe, expect, test } from "vitest";
import { driftRecords } from "../../../shared/drift/records.ts";
import {
  callEvent,
  cluster,
  clusterArn,
  container,
  definition,
  definitionArn,
  digestOf,
  makeWorld,
  service,
  task,
} from "./world.ts";

const before = cluster({
  services: [service("web", definitionArn("web", 1)), service("old", definitionArn("web", 1))],
  tasks: [task("t1", definitionArn("web", 1), "service:web", digestOf("a"))],
  taskDefinitions: [definition("web", 1, [container("app", { user: "0" })])],
});
const after = cluster({
  services: [service("web", definitionArn("web", 2), { assignPublicIp: "ENABLED" })],
  tasks: [task("t2", definitionArn("web", 2), "service:web", digestOf("b"))],
  taskDefinitions: [definition("web", 2, [container("app", { privileged: true })])],
});

type World = ReturnType<typeof makeWorld>;

/** Makes call number `at` of the ports fail once, before or after it had its effect. Returns the calls made so far. */
function interrupt(world: World, at: number, when: "before" | "after"): () => number {
  let calls = 0;
  const wrap = (port: object, names: readonly string[]) => {
    for (const name of names) {
      const inner: (...parameters: unknown[]) => unknown = Reflect.get(port, name).bind(port);
      Reflect.set(port, name, async (...parameters: unknown[]) => {
        const now = ++calls;
        if (now === at && when === "before") throw new Error("cut off");
        const result = await inner(...parameters);
        if (now === at && when === "after") throw new Error("cut off");
        return result;
      });
    }
  };
  wrap(world.platform.table, ["get", "put", "remove", "transact", "query"]);
  wrap(world.platform.blobs, ["get", "put", "has"]);
  wrap(world.platform.queues, ["send"]);
  wrap(world.platform.ecs, ["read"]);
  return () => calls;
}

async function change(world: World, at: number, when: "before" | "after"): Promise<number> {
  world.set(before);
  await world.sweep();
  await world.run();
  world.advance(3_600_000);
  const calls = interrupt(world, at, when);
  world.set(after);
  world.event(callEvent({ name: "UpdateService", id: "u", at: world.now() - 1000, actor: "ana" }));
  await world.run(7_200_000);
  return calls();
}

async function outcome(world: World) {
  const [record, ...others] = await driftRecords(world.table, clusterArn);
  const last = world.emitted("ClusterAssessed").at(-1);
  return {
    findings: world
      .findings()
      .map(({ id, state, title }) => [id, state, title])
      .sort((a, b) => (String(a) < String(b) ? -1 : 1)),
    timeline: world.table.items().filter(({ pk }) => pk.startsWith("finding#")).length,
    changes: record?.changes.map(({ field, kind, who }) => [kind, field, who.text]),
    others: others.length,
    told: world.emitted("ClusterAssessed").map(({ introduced, fixed }) => [introduced, fixed]),
    report: Object.keys(world.blob(`reports/${String(last?.["assessmentId"])}.json`) ?? {}).length > 0,
    scans: world.emitted("ScanRequested").map(({ digest }) => digest),
    running: world.table
      .items()
      .filter(({ pk }) => pk.startsWith("running#"))
      .map(({ pk }) => pk),
    canonical: world.blobKeys().filter((key) => key.startsWith("canonical/")),
    waiting: world.waiting(),
  };
}

describe("an assessment that is cut off", () => {
  test.each(["before", "after"] as const)(
    "%s any one of its effects ends once, as if it had not been",
    async (when) => {
      const whole = makeWorld();
      const calls = await change(whole, 0, when);
      const wanted = await outcome(whole);
      expect(calls).toBeGreaterThan(20);
      expect(wanted.told).toEqual([
        [2, 0],
        [4, 2],
      ]);
      expect(wanted.changes).toHaveLength(3);
      for (let at = 1; at <= calls; at++) {
        const world = makeWorld();
        await change(world, at, when);
        expect(await outcome(world), `cut off ${when} call ${at}`).toEqual(wanted);
      }
    },
  );

  test("many deliveries at once are one read, and one assessment at a time", async () => {
    const world = makeWorld();
    let [reading, most] = [0, 0];
    world.set(async () => {
      most = Math.max(most, ++reading);
      await new Promise((resolve) => setTimeout(resolve, 5));
      reading--;
      return after;
    });
    const { door } = await import("../../../functions/clouds/assess-cluster.ts");
    if (door.kind !== "queue") throw new Error("not a queue door");
    const ref = { provider: "ecs", account: "123456789012", region: "eu-central-1", cluster: clusterArn } as const;
    const time = new Date(world.now()).toISOString();
    const hints = Array.from({ length: 10 }, (_, index) => ({ kind: "sweep", cluster: ref, id: `s${index}`, time }));
    await Promise.all(
      hints.map((body, index) => door.handle(world.platform, body, { messageId: `h${index}`, attempt: 1 })),
    );
    world.advance(10_000);
    const wake = { kind: "wake", cluster: ref, at: world.now() };
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        door.handle(world.platform, wake, { messageId: `w${index}`, attempt: 1 }),
      ),
    );
    await world.run();
    expect(most).toBe(1);
    expect(world.reads()).toBe(1);
    expect(world.emitted("ClusterAssessed")).toHaveLength(1);
  });
});
