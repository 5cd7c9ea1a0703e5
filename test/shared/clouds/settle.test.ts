import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { driftRecords } from "../../../shared/drift/records.ts";
import { limits } from "../../../shared/platform/limits.ts";
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
  serviceArn,
  start,
  task,
} from "./world.ts";

const settle = 10_000;
const before = cluster({
  services: [service("web", definitionArn("web", 1))],
  tasks: [task("t1", definitionArn("web", 1), "service:web", digestOf("a"))],
  taskDefinitions: [definition("web", 1, [container("app")])],
});
const after = cluster({
  services: [service("web", definitionArn("web", 2), { assignPublicIp: "ENABLED" })],
  tasks: [task("t2", definitionArn("web", 2), "service:web", digestOf("b"))],
  taskDefinitions: [definition("web", 2, [container("app", { privileged: true, user: "0" })])],
});

/** What CloudTrail and ECS say of one deployment, one minute after first sight. */
const happened = start + 60_000;
const log = [
  callEvent({ name: "RegisterTaskDefinition", id: "r", at: happened, actor: "ci", resource: definitionArn("web", 2) }),
  callEvent({ name: "UpdateService", id: "u", at: happened + 1000, actor: "ana" }),
  callEvent({ name: "UpdateService", id: "other", at: happened + 2000, actor: "bob", resource: serviceArn("api") }),
  ...["IN_PROGRESS", "COMPLETED"].map((state) => ({
    id: `deployment-${state}`,
    "detail-type": "ECS Deployment State Change",
    source: "aws.ecs",
    account: "123456789012",
    time: new Date(happened + 2000).toISOString(),
    region: "eu-central-1",
    resources: [serviceArn("web")],
    detail: { eventName: `SERVICE_DEPLOYMENT_${state}` },
  })),
  ...["t1", "t2"].map((id) => ({
    id: `task-${id}`,
    "detail-type": "ECS Task State Change",
    source: "aws.ecs",
    account: "123456789012",
    time: new Date(happened + 3000).toISOString(),
    region: "eu-central-1",
    resources: [],
    detail: { clusterArn, group: "service:web", lastStatus: "RUNNING" },
  })),
];

async function firstSight() {
  const world = makeWorld();
  world.set(before);
  await world.sweep();
  await world.run();
  world.advance(happened + 5000 - world.now());
  return world;
}

type World = Awaited<ReturnType<typeof firstSight>>;

/** Delivers events with pauses between them. */
async function play(world: World, arrivals: readonly { readonly event: unknown; readonly gap: number }[]) {
  for (const { event, gap } of arrivals) {
    const target = world.now() + gap;
    await world.run(gap);
    world.advance(target - world.now());
    world.event(event);
  }
  await world.run();
}

/** How many re-reads these arrivals should lead to: one per run of hints that are less than the settle time apart. */
function expectedReads(arrivals: readonly { readonly event: { readonly id: string }; readonly gap: number }[]): number {
  const seen = new Set<string>();
  let [time, reads, first, last, pending] = [0, 0, 0, 0, false];
  const due = () => Math.min(last + settle, first + 10 * settle);
  for (const { event, gap } of arrivals) {
    time += gap;
    if (pending && due() <= time) {
      reads++;
      pending = false;
    }
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    if (!pending) first = time;
    last = time;
    pending = true;
  }
  return reads + (pending ? 1 : 0);
}

const outcomeOf = async (world: World) => ({
  findings: world
    .findings()
    .map(({ id, state, rule, subject, title, severity }) => ({ id, state, rule, subject, title, severity }))
    .sort((a, b) => (a.id < b.id ? -1 : 1)),
  canonical: world.blobKeys().filter((key) => key.startsWith("canonical/")),
  who: (await driftRecords(world.table, clusterArn)).map(({ changes }) =>
    changes.map(({ field, who }) => [field, who]),
  ),
});

describe("settling", () => {
  test("any order, repetition and pace of the log gives the same findings and baseline, one read per quiet window", async () => {
    const reference = await firstSight();
    reference.set(after);
    await play(
      reference,
      log.map((event) => ({ event, gap: 0 })),
    );
    const wanted = await outcomeOf(reference);
    expect(
      wanted.findings
        .filter(({ state }) => state === "open")
        .map(({ rule }) => rule)
        .sort(),
    ).toEqual(["assignPublicIp", "ecs-container-privileged", "ecs-container-root-user", "taskDefinition"]);
    expect(wanted.who.flat().map((change) => JSON.stringify(change))).toHaveLength(2);

    const shuffled = fc
      .shuffledSubarray([...log, ...log, ...log], { minLength: log.length * 3, maxLength: log.length * 3 })
      .chain((events) =>
        fc
          .array(fc.constantFrom(0, 1000, 9000, 10_000, 11_000, 45_000), {
            minLength: events.length,
            maxLength: events.length,
          })
          .map((gaps) => events.map((event, index) => ({ event, gap: gaps[index] ?? 0 }))),
      );
    await fc.assert(
      fc.asyncProperty(shuffled, async (arrivals) => {
        const world = await firstSight();
        world.set(after);
        const readsBefore = world.reads();
        await play(world, arrivals);
        expect(world.reads() - readsBefore).toBe(expectedReads(arrivals));
        const outcome = await outcomeOf(world);
        // A pause of more than a quarter of an hour before the author's event is rightly told, and ends with it.
        const lasting = outcome.findings.filter(
          ({ rule, state }) => rule !== "change-without-event" || state === "open",
        );
        expect(lasting).toEqual(wanted.findings);
        expect(outcome.canonical).toEqual(wanted.canonical);
        expect(world.waiting()).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test("a hundred events at once, or one event a hundred times, are one read", async () => {
    const world = await firstSight();
    const reads = world.reads();
    const many = Array.from({ length: 100 }, (_, index) =>
      callEvent({ name: "UpdateService", id: `e${index}`, at: happened }),
    );
    await play(
      world,
      many.map((event) => ({ event, gap: 0 })),
    );
    expect(world.reads()).toBe(reads + 1);
    await play(
      world,
      many.map((event) => ({ event, gap: 0 })),
    );
    expect(world.reads()).toBe(reads + 1);
  });

  test("a cluster that never rests is read at the latest after ten settle times", async () => {
    const world = await firstSight();
    const reads = world.reads();
    const noise = Array.from({ length: 60 }, (_, index) => ({
      event: callEvent({ name: "UpdateService", id: `n${index}`, at: happened + index * 5000 }),
      gap: 5000,
    }));
    await play(world, noise);
    expect(world.reads() - reads).toBe(3);
  });

  test("a hint is not lost when its delivery ends between the note and the wake-up", async () => {
    const world = await firstSight();
    const reads = world.reads();
    const send = world.platform.queues.send.bind(world.platform.queues);
    let failures = 1;
    Object.assign(world.platform.queues, {
      send: async (...parameters: Parameters<typeof send>) => {
        if (failures-- > 0) throw new Error("cut off");
        return send(...parameters);
      },
    });
    world.event(callEvent({ name: "UpdateService", id: "u", at: happened }));
    await world.run();
    expect(failures).toBeLessThan(0);
    expect(world.reads()).toBe(reads + 1);
  });

  test("what is remembered is bounded, and authors stay when room runs out", async () => {
    const world = await firstSight();
    world.event(callEvent({ name: "UpdateService", id: "author", at: happened, actor: "ana" }));
    const tasks = Array.from({ length: 400 }, (_, index) => ({ ...log.at(-1), id: `noise-${index}` }));
    for (const event of tasks) world.event(event);
    world.set(after);
    await world.run();
    const watch = world.table.items().find(({ pk }) => pk === `cluster#${clusterArn}`)?.data as {
      hints: { actor?: string }[];
      seen: string[];
    };
    expect(watch.hints).toHaveLength(limits.causesPerCluster);
    expect(watch.seen).toHaveLength(limits.seenEventsPerCluster);
    expect(watch.hints.some(({ actor }) => actor === "ana")).toBe(true);
    expect(world.open().find(({ rule }) => rule === "taskDefinition")?.title).toContain("ana");
  });

  test("a hint that names no cluster wakes every known one of its account and region, and no other", async () => {
    const world = await firstSight();
    const reads = world.reads();
    const register = callEvent({ name: "RegisterTaskDefinition", id: "r", at: happened });
    world.event({
      ...register,
      account: "999999999999",
      detail: { ...register.detail, recipientAccountId: "999999999999" },
    });
    await world.run();
    expect(world.reads()).toBe(reads);
    world.event(register);
    await world.run();
    expect(world.reads()).toBe(reads + 1);
  });

  test("a sweep without regions does nothing and says so once; one of a forbidden region goes on", async () => {
    const world = makeWorld();
    Object.assign(world.platform.settings.clouds.ecs, { regions: [] });
    await world.sweep();
    await world.sweep();
    expect(world.waiting()).toBe(0);
    expect(world.logged.filter((line) => line.includes("no ECS regions"))).toHaveLength(1);
  });
});
