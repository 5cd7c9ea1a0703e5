import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { door } from "../../../functions/clouds/ecs-events.ts";
import { ecsEventPattern } from "../../../shared/clouds/ecs-events.ts";
import type { DomainEvent } from "../../../shared/events/types.ts";
import type { Platform } from "../../../shared/platform/ports.ts";
import { callEvent, clusterArn, serviceArn, start } from "../../shared/clouds/world.ts";
import { sharedData } from "../../support/shared-data.ts";

async function through(body: unknown) {
  const events: DomainEvent[] = [];
  const counts: Record<string, string>[] = [];
  const platform = {
    bus: { publish: async (published: readonly DomainEvent[]) => void events.push(...published) },
    metrics: {
      count: (_name: string, _value: number, dimensions: Record<string, string>) => void counts.push(dimensions),
    },
    log: { warn: () => {} },
  } as unknown as Platform;
  if (door.kind !== "queue") throw new Error("not a queue door");
  await door.handle(platform, body, { messageId: "m", attempt: 1 });
  return { events, ignored: counts.map(({ reason }) => reason) };
}

const call = (detail: object, name = "UpdateService") => {
  const event = callEvent({ name, id: "11111111-2222", at: start, actor: "arn:aws:iam::123456789012:user/ana" });
  return { ...event, detail: { ...event.detail, ...detail } };
};

describe("API calls", () => {
  test("say which cluster, who, when and about what", async () => {
    const { events } = await through(call({}));
    expect(events).toEqual([
      {
        type: "ClusterChanged",
        id: expect.stringMatching(/^cluster-changed:[0-9a-f]{32}$/),
        time: "2026-11-22T08:00:00Z",
        data: {
          provider: "ecs",
          account: "123456789012",
          region: "eu-central-1",
          cluster: clusterArn,
          cause: {
            sourceEventId: "11111111-2222",
            name: "UpdateService",
            actor: "arn:aws:iam::123456789012:user/ana",
            time: "2026-11-22T08:00:00Z",
            resource: serviceArn("web"),
          },
        },
      },
    ]);
    expect((await through({ ...call({}), id: "another delivery" })).events[0]?.id).toBe(events[0]?.id);
  });

  test("name the cluster in many ways", async () => {
    const clusterOf = async (detail: object) => (await through(call(detail))).events[0]?.data;
    const bare = { responseElements: null };
    expect(await clusterOf({ ...bare, requestParameters: { cluster: "production" } })).toMatchObject({
      cluster: clusterArn,
    });
    expect(await clusterOf({ ...bare, requestParameters: { cluster: clusterArn } })).toMatchObject({
      cluster: clusterArn,
    });
    expect(await clusterOf({ ...bare, requestParameters: null })).toMatchObject({
      cluster: "arn:aws:ecs:eu-central-1:123456789012:cluster/default",
    });
    expect(await clusterOf({ ...bare, awsRegion: "cn-north-1", requestParameters: {} })).toMatchObject({
      cluster: "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/default",
    });
  });

  test("RegisterTaskDefinition concerns every cluster, and names the revision", async () => {
    const arn = "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:7";
    const { events } = await through(
      call({ responseElements: { taskDefinition: { taskDefinitionArn: arn } } }, "RegisterTaskDefinition"),
    );
    expect(events[0]?.data).toMatchObject({ cluster: "*", cause: { resource: arn } });
  });

  test("the role stands for a session without an ARN, an AWS service for itself", async () => {
    const issuer = { sessionContext: { sessionIssuer: { arn: "arn:aws:iam::123456789012:role/ci" } } };
    const actorOf = async (userIdentity: unknown) => {
      const [event] = (await through(call({ userIdentity }))).events;
      return event?.type === "ClusterChanged" ? event.data.cause.actor : "no event";
    };
    expect(await actorOf(issuer)).toBe("arn:aws:iam::123456789012:role/ci");
    expect(await actorOf({ type: "AWSService", invokedBy: "ecs.amazonaws.com" })).toBe("ecs.amazonaws.com");
    expect(await actorOf(null)).toBeUndefined();
    expect((await actorOf({ arn: "a".repeat(5000) }))?.length).toBe(512);
  });

  test.each([
    ["failed-call", { errorCode: "AccessDenied" }],
    ["failed-call", { errorMessage: "is not authorized" }],
    ["read-only", { readOnly: true }],
    ["other-event", { eventSource: "eks.amazonaws.com" }],
    ["other-event", { eventName: "DescribeServices" }],
    ["malformed", { eventTime: "yesterday" }],
    ["malformed", { eventID: undefined }],
  ])("%s: %j is no change, and counted", async (reason, detail) => {
    expect(await through(call(detail))).toEqual({ events: [], ignored: [reason] });
  });
});

describe("native events", () => {
  const native = (type: string, detail: object, resources: string[] = []) => ({
    ...call({}),
    "detail-type": type,
    resources,
    detail,
  });
  test("a task's state names its cluster and its service", async () => {
    const { events } = await through(
      native("ECS Task State Change", {
        clusterArn,
        taskArn: "arn:aws:ecs:x",
        group: "service:web",
        lastStatus: "RUNNING",
      }),
    );
    expect(events[0]?.data).toMatchObject({
      cluster: clusterArn,
      cause: { name: "ECS Task State Change", resource: "service:web" },
    });
  });
  test("a deployment's service ARN names the cluster, an old one does not", async () => {
    const type = "ECS Deployment State Change";
    const detail = { eventName: "SERVICE_DEPLOYMENT_COMPLETED" };
    const long = await through(native(type, detail, [serviceArn("web")]));
    expect(long.events[0]?.data).toMatchObject({
      cluster: clusterArn,
      cause: { name: "SERVICE_DEPLOYMENT_COMPLETED" },
    });
    const old = await through(native(type, detail, ["arn:aws:ecs:eu-central-1:123456789012:service/web"]));
    expect(old.events[0]?.data).toMatchObject({ cluster: "*" });
  });
  test("another source, or another event of ECS, is ignored", async () => {
    expect((await through({ ...call({}), source: "custom" })).ignored).toEqual(["other-event"]);
    expect((await through(native("ECS Service Action", {}))).ignored).toEqual(["other-event"]);
  });
});

describe("hostile bodies", () => {
  test("are refused by the schema or ignored, never thrown from the door's own code", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.object({ maxDepth: 3 }),
        fc.constantFrom("ECS Task State Change", "ECS Deployment State Change", "AWS API Call via CloudTrail"),
        async (detail, type) => {
          const { events, ignored } = await through({ ...call({}), "detail-type": type, detail });
          expect(events.length + ignored.length).toBe(1);
        },
      ),
      { numRuns: 200 },
    );
    for (const body of [null, 1, "x", {}, { ...call({}), account: "../etc" }, { ...call({}), id: "x".repeat(300) }]) {
      await expect(through(body)).rejects.toMatchObject({ name: expect.stringContaining("ZodError") });
    }
  });

  test("secrets of a request are not in the event", async () => {
    const requestParameters = {
      family: "web",
      containerDefinitions: [{ environment: [{ name: "P", value: "hunter2" }] }],
    };
    const { events } = await through(call({ requestParameters }, "RegisterTaskDefinition"));
    expect(JSON.stringify(events)).not.toContain("hunter2");
  });
});

test("the pattern leaves failed calls and other services to themselves", () => {
  expect(JSON.stringify(ecsEventPattern)).toContain('"errorCode":[{"exists":false}]');
  expect(ecsEventPattern["source"]).toEqual(["aws.ecs"]);
});

describe.skipIf(sharedData === undefined)(
  "recorded events (skipped without the shared data beside the checkout)",
  () => {
    const read = (name: string): unknown =>
      JSON.parse(readFileSync(`${sharedData}cloud-samples/aws/eventbridge-docs/${name}`, "utf8"));
    test.each([
      [
        "ecs-deployment-state-change.completed.recorded.json",
        "cluster/d2d-cluster-dev",
        "service/d2d-cluster-dev/d2d-pdf",
      ],
      ["ecs-deployment-state-change.in-progress.json", "cluster/default", "service/default/servicetest"],
    ])("%s", async (name, cluster, service) => {
      const { events } = await through(read(name));
      expect(events[0]?.data).toMatchObject({
        cluster: expect.stringMatching(new RegExp(`${cluster}$`)),
        cause: { resource: expect.stringMatching(new RegExp(`${service}$`)) },
      });
    });
    test("the calls of a mining attack, in the documented envelope", async () => {
      const calls = read("cloudtrail-ecs-cryptomining.datadog.json") as object[];
      const found = await Promise.all(
        calls.map(
          async (recorded, index) =>
            (await through(call({ responseElements: null, ...recorded, eventID: `e${index}` }))).events[0]?.data,
        ),
      );
      expect(found).toMatchObject([
        { cluster: "*", cause: { name: "RegisterTaskDefinition", resource: "[random string]" } },
        { cause: { name: "CreateService", resource: "[random string]-service" } },
      ]);
    });
  },
);
