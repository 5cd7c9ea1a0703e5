import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type EcsClient, ecsReader } from "../../../shared/clouds/aws/ecs.ts";
import { runningImages } from "../../../shared/clouds/running.ts";
import { canonicalEcs } from "../../../shared/drift/ecs.ts";
import { checks } from "../../../shared/posture/checks/registry.generated.ts";
import { postureOfEcs } from "../../../shared/posture/ecs.ts";
import { sharedData } from "../../support/shared-data.ts";

type Answer = (input: Record<string, unknown>) => unknown;
interface Sent {
  readonly name: string;
  readonly input: Record<string, unknown>;
}

/** A client that answers each operation by name, and remembers what it was asked. */
function fakeClient(answers: Readonly<Record<string, Answer>>) {
  const sent: Sent[] = [];
  const client = {
    send: async (command: {
      readonly constructor: { readonly name: string };
      readonly input: Record<string, unknown>;
    }) => {
      const name = command.constructor.name.replace(/Command$/, "");
      sent.push({ name, input: structuredClone(command.input) });
      const answer = answers[name];
      if (answer === undefined) throw new Error(`no answer for ${name}`);
      return answer(command.input);
    },
  };
  return { reader: ecsReader({ client: () => client as unknown as EcsClient }), sent };
}

function refusal(name: string, status: number): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } });
}
const refuse =
  (name: string, status = 400): Answer =>
  () => {
    throw refusal(name, status);
  };

const arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/production";
const serviceArns = Array.from(
  { length: 23 },
  (_, index) => `arn:aws:ecs:eu-central-1:123456789012:service/production/s${index}`,
);
const family = "arn:aws:ecs:eu-central-1:123456789012:task-definition/web";
const definition = (revision: number) => ({
  taskDefinitionArn: `${family}:${revision}`,
  family: "web",
  revision,
  containerDefinitions: [{ name: "app", image: "web" }],
});
const whole: Readonly<Record<string, Answer>> = {
  DescribeClusters: () => ({ clusters: [{ clusterArn: arn, status: "ACTIVE" }] }),
  ListServices: ({ nextToken }) =>
    nextToken === "2"
      ? { serviceArns: serviceArns.slice(20) }
      : { serviceArns: serviceArns.slice(0, 20), nextToken: "2" },
  DescribeServices: ({ services }) => ({
    services: (services as string[]).map((serviceArn) => ({
      serviceArn,
      serviceName: serviceArn.split("/")[2],
      status: "ACTIVE",
      taskDefinition: `${family}:1`,
    })),
  }),
  ListTasks: () => ({ taskArns: Array.from({ length: 150 }, (_, index) => `task/${index}`) }),
  DescribeTasks: ({ tasks }) => ({
    tasks: (tasks as string[]).map((taskArn) => ({
      taskArn,
      taskDefinitionArn: `${family}:1`,
      lastStatus: "RUNNING",
      containers: [],
    })),
  }),
  DescribeTaskDefinition: ({ taskDefinition }) => ({ taskDefinition: definition(taskDefinition === "web" ? 3 : 1) }),
};

describe("reading a cluster", () => {
  test("asks in the API's batches and pages, and describes each revision and family once", async () => {
    const { reader, sent } = fakeClient(whole);
    const cluster = await reader.read("eu-central-1", arn);
    expect(cluster?.services).toHaveLength(23);
    expect(cluster?.tasks).toHaveLength(150);
    expect(cluster?.taskDefinitions.map(({ revision }) => revision)).toEqual([1, 3]);
    expect(cluster).toMatchObject({ arn, name: "production", account: "123456789012", unread: [] });
    const sizes = (name: string, field: string) =>
      sent.filter((one) => one.name === name).map(({ input }) => (input[field] as string[]).length);
    expect(sizes("DescribeServices", "services")).toEqual([10, 10, 3]);
    expect(sizes("DescribeTasks", "tasks")).toEqual([100, 50]);
    expect(
      sent.filter(({ name }) => name === "DescribeTaskDefinition").map(({ input }) => input["taskDefinition"]),
    ).toEqual([`${family}:1`, "web"]);

    await reader.read("eu-central-1", arn);
    const again = sent.filter(({ name }) => name === "DescribeTaskDefinition").slice(2);
    expect(again.map(({ input }) => input["taskDefinition"])).toEqual(["web"]);
    expect(sent.every(({ name }) => /^(?:List|Describe)/.test(name))).toBe(true);
  });

  test("a cluster that is missing or inactive is not there", async () => {
    const read = (answer: Answer) =>
      fakeClient({ ...whole, DescribeClusters: answer }).reader.read("eu-central-1", arn);
    expect(await read(() => ({ clusters: [], failures: [{ arn, reason: "MISSING" }] }))).toBeUndefined();
    expect(await read(() => ({ clusters: [{ clusterArn: arn, status: "INACTIVE" }] }))).toBeUndefined();
    expect(await read(refuse("ClusterNotFoundException"))).toBeUndefined();
  });

  test.each([
    ["DescribeClusters", "cluster"],
    ["ListServices", "services"],
    ["DescribeServices", `service ${serviceArns[0]}`],
    ["ListTasks", "tasks"],
    ["DescribeTasks", "tasks"],
    ["DescribeTaskDefinition", `task-definition ${family}:1`],
  ])("%s denied is said, and the rest is read", async (operation, what) => {
    const { reader } = fakeClient({ ...whole, [operation]: refuse("AccessDeniedException") });
    const cluster = await reader.read("eu-central-1", arn);
    expect(cluster?.unread).toContainEqual({ what, why: "AccessDeniedException" });
    expect(cluster?.arn).toBe(arn);
  });

  test.each([
    ["ThrottlingException", 400],
    ["TooManyRequestsException", 429],
    ["ServerException", 500],
    ["TimeoutError", undefined],
  ])("%s is tried again later, and nothing half read is given", async (name, status) => {
    for (const operation of Object.keys(whole)) {
      const error = status === undefined ? Object.assign(new Error(name), { name }) : refusal(name, status);
      const { reader } = fakeClient({
        ...whole,
        [operation]: () => {
          throw error;
        },
      });
      await expect(reader.read("eu-central-1", arn)).rejects.toMatchObject({ name: "TransientError" });
    }
  });

  test("a family without an active revision is no gap; deleted services and stopped tasks are not there", async () => {
    const { reader } = fakeClient({
      ...whole,
      DescribeServices: ({ services }) => ({
        services: [
          { serviceArn: serviceArns[0], serviceName: "s0", status: "DRAINING", taskDefinition: `${family}:1` },
        ],
        failures: (services as string[]).slice(1).map((missing) => ({ arn: missing, reason: "MISSING" })),
      }),
      DescribeTasks: () => ({
        tasks: [
          { taskArn: "t", taskDefinitionArn: `${family}:1`, lastStatus: "STOPPED" },
          { taskArn: "u", taskDefinitionArn: `${family}:1`, lastStatus: "PENDING" },
        ],
      }),
      DescribeTaskDefinition: ({ taskDefinition }) => {
        if (taskDefinition === "web") throw refusal("ClientException", 400);
        return { taskDefinition: definition(1) };
      },
    });
    const cluster = await reader.read("eu-central-1", arn);
    expect(cluster).toMatchObject({ services: [], unread: [], taskDefinitions: [{ revision: 1 }] });
    expect(new Set(cluster?.tasks.map(({ lastStatus }) => lastStatus))).toEqual(new Set(["PENDING"]));
  });
});

describe("listing clusters", () => {
  test("follows pages; a refusal is permanent, an outage transient", async () => {
    const paged = fakeClient({
      ListClusters: ({ nextToken }) =>
        nextToken === "2" ? { clusterArns: ["a"] } : { clusterArns: ["b"], nextToken: "2" },
    });
    expect(await paged.reader.clusters("eu-central-1")).toEqual(["a", "b"]);
    await expect(
      fakeClient({ ListClusters: refuse("AccessDeniedException") }).reader.clusters("eu-central-1"),
    ).rejects.toMatchObject({
      name: "PermanentError",
      code: "ecs-forbidden",
    });
    await expect(
      fakeClient({ ListClusters: refuse("ServerException", 500) }).reader.clusters("x"),
    ).rejects.toMatchObject({ code: "ecs-unavailable" });
  });
});

/** Answers from a folder of recorded API answers, the same one again when an operation has no more. */
function recorded(folder: string) {
  const path = `${sharedData}cloud-samples/aws/custodian-placebo/${folder}/`;
  const files = readdirSync(path);
  const counts = new Map<string, number>();
  const answerOf =
    (operation: string, fallback: unknown): Answer =>
    () => {
      const next = (counts.get(operation) ?? 0) + 1;
      const known = files.filter((file) => file.startsWith(`ecs.${operation}_`)).length;
      if (known === 0) return fallback;
      counts.set(operation, next);
      const text = readFileSync(`${path}ecs.${operation}_${Math.min(next, known)}.json`, "utf8");
      return (JSON.parse(text) as { readonly data: unknown }).data;
    };
  return fakeClient({
    ListClusters: answerOf("ListClusters", {}),
    DescribeClusters: ({ clusters }) => ({ clusters: [{ clusterArn: (clusters as string[])[0], status: "ACTIVE" }] }),
    ListServices: answerOf("ListServices", {}),
    DescribeServices: answerOf("DescribeServices", {}),
    ListTasks: answerOf("ListTasks", {}),
    DescribeTasks: answerOf("DescribeTasks", {}),
    DescribeTaskDefinition: answerOf("DescribeTaskDefinition", {}),
  });
}

describe.skipIf(sharedData === undefined)(
  "recorded answers (skipped without the shared data beside the checkout)",
  () => {
    const context = { hash: () => "0badc0de" };

    test("services with revisions and network settings", async () => {
      const { reader } = recorded("test_ecs_service_update_definition");
      const [first = ""] = await reader.clusters("us-east-2");
      const cluster = await reader.read("us-east-2", first);
      expect(cluster).toMatchObject({
        name: "dev-redash",
        account: "644160558196",
        services: [
          {
            name: "redash-server",
            assignPublicIp: "ENABLED",
            securityGroups: ["sg-03067d2f64ae975d8", "sg-037c67c516127610d", "sg-04e2c7d46a6745f0c"],
            platformVersion: "LATEST",
          },
        ],
      });
      const [definition] = cluster?.taskDefinitions ?? [];
      expect(definition).toMatchObject({
        family: "dev-redash-server",
        containers: [{ name: "server", privileged: false, secrets: ["REDASH_COOKIE_SECRET", "REDASH_SECRET_KEY"] }],
      });
      if (cluster === undefined) throw new Error("no cluster");
      const { postures } = postureOfEcs(cluster, checks, context);
      expect(postures.flatMap(({ observations }) => observations.map(({ rule, subject }) => [rule, subject]))).toEqual([
        ["ecs-container-root-user", "server"],
      ]);
      const document = canonicalEcs(cluster, "00");
      expect(Object.values(document.resources)).toMatchObject([
        { name: "redash-server", fields: { launchType: null } },
      ]);
    });

    test.each([
      "test_ecs_task",
      "test_ecs_task_sg_filter",
      "test_ecs_service",
      "test_ecs_service_taskset_delete",
      "test_ecs_task_delete",
    ])("%s is read whole: what has no recorded task definition is NOT_EVALUATED, never passed", async (folder) => {
      const { reader } = recorded(folder);
      const cluster = await reader.read("us-east-1", "arn:aws:ecs:us-east-1:644160558196:cluster/Default");
      if (cluster === undefined) throw new Error("no cluster");
      expect(cluster.services.length + cluster.tasks.length).toBeGreaterThan(0);
      const { records, postures } = postureOfEcs(cluster, checks, context);
      expect(new Set(records.map(({ status }) => status))).toEqual(new Set(["NOT_EVALUATED"]));
      expect(postures.some(({ notEvaluated }) => notEvaluated.length > 0)).toBe(true);
      const { images } = runningImages(cluster);
      for (const { digest, services } of images) {
        expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
        expect(services.length).toBeGreaterThan(0);
      }
    });
  },
);
