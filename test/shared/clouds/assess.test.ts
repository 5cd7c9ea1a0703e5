import { describe, expect, test } from "vitest";
import { driftRecords } from "../../../shared/drift/records.ts";
import { reportSchema } from "../../../shared/findings/report.ts";
import { TransientError } from "../../../shared/platform/errors.ts";
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
  task,
} from "./world.ts";

const ana = "arn:aws:sts::123456789012:assumed-role/deployer/ana";

const safe = () =>
  cluster({
    services: [service("web", definitionArn("web", 1))],
    tasks: [task("t1", definitionArn("web", 1), "service:web", digestOf("a"))],
    taskDefinitions: [definition("web", 1, [container("app")])],
  });
const privileged = () =>
  cluster({
    services: [service("web", definitionArn("web", 2))],
    tasks: [task("t2", definitionArn("web", 2), "service:web", digestOf("b"))],
    taskDefinitions: [definition("web", 2, [container("app", { privileged: true })])],
  });

async function swept(world: ReturnType<typeof makeWorld>) {
  await world.sweep();
  await world.run();
}

describe("a cluster's way from first sight to drift", () => {
  test("first sight is the baseline: no drift, images that run and were never scanned are asked for", async () => {
    const world = makeWorld();
    world.set(safe());
    await swept(world);
    expect(world.open()).toEqual([]);
    expect(world.emitted("ScanRequested")).toMatchObject([
      { registry: "registry.example", repository: "shop/web", digest: digestOf("a"), reason: "running-unscanned" },
    ]);
    expect(world.emitted("ClusterAssessed")).toMatchObject([{ cluster: clusterArn, introduced: 0, fixed: 0 }]);
    expect(world.table.items().find(({ pk }) => pk === `running#${digestOf("a")}`)?.data).toEqual({
      services: ["production/web"],
    });
  });

  test("an update to a privileged revision is one posture finding, one drift finding and one record with who", async () => {
    const world = makeWorld();
    world.set(safe());
    await swept(world);
    world.advance(3_600_000);
    world.set(privileged());
    world.event(callEvent({ name: "UpdateService", id: "e1", at: world.now() - 1000, actor: ana }));
    await world.run();

    const open = world.open();
    expect(open.map(({ kind, rule, severity }) => ({ kind, rule, severity }))).toEqual(
      expect.arrayContaining([
        { kind: "posture", rule: "ecs-container-privileged", severity: "high" },
        { kind: "drift", rule: "taskDefinition", severity: "high" },
      ]),
    );
    expect(open).toHaveLength(2);
    const posture = open.find(({ kind }) => kind === "posture");
    expect(posture?.resource).toEqual({ type: "ecs-service", id: serviceArn("web") });
    expect(posture?.evidence).toMatchObject({
      path: "$.containerDefinitions[?@.name=='app'].privileged",
      revisions: [{ revision: "web:2", inUse: true, latest: true }],
      controls: ["aws-fsbp/ECS.4", "cis-aws-compute/3.4"],
    });

    const records = await driftRecords(world.table, clusterArn);
    expect(records).toHaveLength(1);
    expect(records[0]?.changes).toMatchObject([
      {
        resource: { id: serviceArn("web") },
        field: "taskDefinition",
        who: { known: "actor", text: `${ana} (UpdateService)` },
        differences: [
          { path: "/arn", before: definitionArn("web", 1), after: definitionArn("web", 2) },
          { path: "/containers/app/privileged", before: false, after: true },
        ],
      },
    ]);
    const last = world.emitted("ClusterAssessed").at(-1);
    const report = reportSchema.parse(world.blob(`reports/${String(last?.["assessmentId"])}.json`));
    expect(report).toMatchObject({
      kind: "assessment",
      cause: `UpdateService by ${ana}`,
      subject: { name: "production" },
    });
    expect(report.introduced.map(({ kind, component }) => `${kind}: ${component}`).sort()).toEqual([
      "drift: web /taskDefinition",
      "posture: web app",
    ]);
  });

  test("the value that returns to the baseline ends the drift, and says so", async () => {
    const world = makeWorld();
    world.set(safe());
    await swept(world);
    world.set(privileged());
    world.advance(3_600_000);
    await swept(world);
    expect(world.open().length).toBeGreaterThan(0);
    world.set(safe());
    world.advance(3_600_000);
    await swept(world);
    expect(world.open()).toEqual([]);
    expect(world.emitted("ClusterAssessed").map(({ introduced, fixed }) => [introduced, fixed])).toEqual([
      [0, 0],
      [2, 0],
      [0, 2],
    ]);
    expect(await driftRecords(world.table, clusterArn)).toHaveLength(2);
  });

  test("a change without an event says so, until the late event tells who", async () => {
    const world = makeWorld();
    world.set(safe());
    await swept(world);
    world.set(privileged());
    world.advance(3_600_000);
    const changedAt = world.now() - 60_000;
    await swept(world);
    const unknown = world.open().find(({ kind }) => kind === "drift");
    expect(unknown?.title).toContain("unknown: no event seen");
    expect(world.open().some(({ rule }) => rule === "change-without-event")).toBe(false);
    world.advance(3_600_000);
    await swept(world);
    expect(world.open().find(({ rule }) => rule === "change-without-event")?.resource.id).toBe(clusterArn);

    world.advance(240_000);
    world.event(callEvent({ name: "UpdateService", id: "late", at: changedAt, actor: ana }));
    await world.run();
    const told = world.open().find(({ kind }) => kind === "drift");
    expect(told?.id).toBe(unknown?.id);
    expect(told?.title).toContain(ana);
    expect(world.open().some(({ rule }) => rule === "change-without-event")).toBe(false);
    const [record, ...others] = await driftRecords(world.table, clusterArn);
    expect(record?.changes[0]?.who).toMatchObject({ known: "actor", text: `${ana} (UpdateService)` });
    expect(others).toEqual([]);
  });

  test("a further change is a further finding, and the first one is not told as mended", async () => {
    const world = makeWorld();
    world.set(safe());
    await swept(world);
    for (const revision of [2, 3]) {
      world.advance(3_600_000);
      world.set(
        cluster({
          services: [service("web", definitionArn("web", revision))],
          taskDefinitions: [definition("web", revision, [container("app")])],
        }),
      );
      world.event(callEvent({ name: "UpdateService", id: `e${revision}`, at: world.now(), actor: ana }));
      await world.run();
    }
    expect(world.open().map(({ kind, rule }) => `${kind} ${rule}`)).toEqual(["drift taskDefinition"]);
    expect(world.emitted("ClusterAssessed").map(({ introduced, fixed }) => [introduced, fixed])).toEqual([
      [0, 0],
      [1, 0],
      [1, 0],
    ]);
  });

  test("services that come and go after first sight are drift; scaling is not", async () => {
    const world = makeWorld();
    world.set(safe());
    await swept(world);
    world.advance(3_600_000);
    const { services, ...rest } = safe();
    const scaled = services.map((one) => ({ ...one, desiredCount: 40, runningCount: 7 }));
    world.set({ ...rest, services: scaled });
    await swept(world);
    expect(world.emitted("ClusterAssessed")).toHaveLength(1);

    world.set({ ...rest, services: [...scaled, service("job", definitionArn("web", 1))] });
    world.event(
      callEvent({ name: "CreateService", id: "c", at: world.now(), actor: ana, resource: serviceArn("job") }),
    );
    await world.run();
    expect(world.open().map(({ rule, resource }) => [rule, resource.id])).toEqual([["added", serviceArn("job")]]);

    world.set({ ...rest, services: [] });
    world.advance(60_000);
    world.event(callEvent({ name: "DeleteService", id: "d", at: world.now(), actor: ana }));
    await world.run();
    expect(world.open().map(({ rule, title }) => [rule, title])).toEqual(
      expect.arrayContaining([["removed", `web: removed by ${ana} (DeleteService)`]]),
    );
    expect(world.open().some(({ rule }) => rule === "added")).toBe(false);
  });

  test("what cannot be read keeps its findings open with the reason, and is no drift", async () => {
    const world = makeWorld();
    world.set(privileged());
    await swept(world);
    expect(world.open().map(({ rule }) => rule)).toEqual(["ecs-container-privileged"]);

    world.advance(3_600_000);
    const why = "AccessDeniedException";
    world.set({
      ...privileged(),
      taskDefinitions: [],
      unread: [{ what: `task-definition ${definitionArn("web", 2)}`, why }],
    });
    await swept(world);
    const kept = world.open().find(({ rule }) => rule === "ecs-container-privileged");
    expect(JSON.stringify(kept?.evidence["notEvaluated"])).toContain(why);
    expect(world.open().filter(({ kind }) => kind === "drift")).toEqual([]);
    expect(world.open().some(({ rule }) => rule === "cluster-unread")).toBe(true);

    world.advance(3_600_000);
    world.set({ ...cluster(), unread: [{ what: "services", why }] });
    await swept(world);
    expect(world.open().some(({ rule }) => rule === "ecs-container-privileged")).toBe(true);
    expect(world.open().filter(({ kind }) => kind === "drift")).toEqual([]);

    world.advance(3_600_000);
    world.set(privileged());
    await swept(world);
    expect(world.open().map(({ rule, evidence }) => [rule, evidence["notEvaluated"]])).toEqual([
      ["ecs-container-privileged", undefined],
    ]);
  });

  test("a cluster that is gone has no findings, runs nothing, and starts anew when it comes back", async () => {
    const world = makeWorld();
    world.set(privileged());
    await swept(world);
    world.set(undefined);
    world.advance(3_600_000);
    await swept(world);
    expect(world.open()).toEqual([]);
    expect(world.table.items().some(({ pk }) => pk.startsWith("running#"))).toBe(false);
    expect(world.table.items().some(({ pk }) => pk.startsWith("clusters#"))).toBe(false);
    world.set(privileged());
    world.advance(3_600_000);
    await swept(world);
    expect(world.open().map(({ kind }) => kind)).toEqual(["posture"]);
  });

  test("an interrupted assessment is finished once by the same message", async () => {
    const world = makeWorld();
    world.set(safe());
    await swept(world);
    world.advance(3_600_000);
    world.event(callEvent({ name: "UpdateService", id: "e1", at: world.now(), actor: ana }));
    const transact = world.table.transact.bind(world.table);
    let failures = 2;
    Object.assign(world.table, {
      transact: async (writes: Parameters<typeof transact>[0]) => {
        const last = writes.some((write) => "put" in write && write.put.pk.startsWith("outbox#"));
        if (last && failures-- > 0) throw new TransientError("table-unavailable", "cut off before the end");
        return transact(writes);
      },
    });
    world.set(privileged());
    await world.run();
    expect(failures).toBeLessThan(0);
    expect(world.emitted("ClusterAssessed").map(({ introduced }) => introduced)).toEqual([0, 2]);
    expect(world.open()).toHaveLength(2);
    const entries = world.table.items().filter(({ pk }) => pk.startsWith("finding#"));
    expect(entries).toHaveLength(2);
    expect(await driftRecords(world.table, clusterArn)).toHaveLength(1);
  });

  test("tasks of no service are checked under the cluster, by family; both revisions are said", async () => {
    const world = makeWorld();
    const bad = container("miner", { privileged: true });
    world.set(
      cluster({
        tasks: [task("t1", definitionArn("job", 3), "family:job", digestOf("c"))],
        taskDefinitions: [definition("job", 3, [bad]), definition("job", 4, [bad])],
      }),
    );
    await swept(world);
    expect(world.open()).toMatchObject([
      {
        resource: { type: "ecs-cluster", id: clusterArn },
        subject: "job/miner",
        evidence: {
          revisions: [
            { revision: "job:3", inUse: true, latest: false },
            { revision: "job:4", inUse: false, latest: true },
          ],
        },
      },
    ]);
  });
});
