import {
  CreateClusterCommand,
  CreateServiceCommand,
  DeleteServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ecsReader } from "../../shared/clouds/aws/ecs.ts";
import { runningImages } from "../../shared/clouds/running.ts";
import { driftRecords } from "../../shared/drift/records.ts";
import { callEvent, clusterArn, makeWorld, serviceArn } from "../shared/clouds/world.ts";
import { type Emulator, emulatorsMissing, region, startMoto } from "../support/aws-emulators.ts";

const secret = "correct-horse-battery-staple";

describe.skipIf(emulatorsMissing !== undefined)(`ECS on the emulator ${emulatorsMissing ?? ""}`, () => {
  let emulator: Emulator;
  let client: ECSClient;
  beforeAll(async () => {
    emulator = await startMoto();
    client = new ECSClient(emulator.client);
  });
  afterAll(async () => {
    client?.destroy();
    await emulator?.close();
  });

  /** The id of the default network's first part of a kind: the emulator places tasks in real ones only. */
  async function networkPart(action: string, pattern: RegExp): Promise<string> {
    const credential = `Credential=emulated/20260101/${region}/ec2/aws4_request`;
    const answer = await fetch(emulator.endpoint, {
      method: "POST",
      headers: { authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0` },
      body: new URLSearchParams({ Action: action, Version: "2016-11-15" }),
    });
    return pattern.exec(await answer.text())?.[0] ?? "none";
  }

  async function network() {
    const subnet = await networkPart("DescribeSubnets", /subnet-[0-9a-f]+/);
    const group = await networkPart("DescribeSecurityGroups", /sg-[0-9a-f]+/);
    return { awsvpcConfiguration: { subnets: [subnet], securityGroups: [group] } };
  }

  async function register(container: Record<string, unknown>): Promise<string> {
    const input: RegisterTaskDefinitionCommandInput = {
      family: "web",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      containerDefinitions: [{ name: "app", image: "registry.example/shop/web:1", memory: 256, ...container }],
    };
    const { taskDefinition } = await client.send(new RegisterTaskDefinitionCommand(input));
    return taskDefinition?.taskDefinitionArn ?? "";
  }

  test("from a sound service to a privileged one: findings, one drift record and who did it", async () => {
    const world = makeWorld();
    Object.assign(world.platform, { ecs: ecsReader({ client: () => client }) });
    await client.send(new CreateClusterCommand({ clusterName: "production" }));
    const sound = await register({ user: "1000:1000", environment: [{ name: "LOG_LEVEL", value: "info" }] });
    await client.send(
      new CreateServiceCommand({
        cluster: "production",
        serviceName: "web",
        taskDefinition: sound,
        desiredCount: 2,
        launchType: "FARGATE",
        networkConfiguration: await network(),
      }),
    );

    await world.sweep();
    await world.run();
    expect(world.open().filter(({ kind }) => kind !== "coverage")).toEqual([]);
    expect(await driftRecords(world.table, clusterArn)).toEqual([]);

    world.advance(3_600_000);
    const unsound = await register({
      privileged: true,
      user: "root",
      environment: [
        { name: "LOG_LEVEL", value: "debug" },
        { name: "DB_PASSWORD", value: secret },
      ],
    });
    const { service } = await client.send(
      new UpdateServiceCommand({ cluster: "production", service: "web", taskDefinition: unsound }),
    );
    expect(service?.serviceArn).toBe(serviceArn("web"));
    const actor = "arn:aws:iam::123456789012:user/ana";
    for (const name of ["RegisterTaskDefinition", "UpdateService"]) {
      const resource = name === "UpdateService" ? serviceArn("web") : unsound;
      world.event(callEvent({ name, id: name, at: world.now() - 1000, actor, resource }));
    }
    await world.run();

    const found = world.open().filter(({ kind }) => kind !== "coverage");
    expect(found.map(({ kind, rule, subject }) => `${kind} ${rule} ${subject.split("#")[0]}`).sort()).toEqual([
      "drift taskDefinition /taskDefinition",
      "posture ecs-container-privileged app",
      "posture ecs-container-root-user app",
      "posture ecs-plain-secret app/DB_PASSWORD",
    ]);
    expect(found.every(({ resource }) => resource.id === serviceArn("web"))).toBe(true);
    const records = await driftRecords(world.table, clusterArn);
    expect(records).toHaveLength(1);
    expect(records[0]?.changes).toHaveLength(1);
    expect(records[0]?.changes[0]?.who).toMatchObject({ known: "actor", text: `${actor} (UpdateService)` });
    expect(records[0]?.changes[0]?.differences.map(({ path }) => path)).toEqual([
      "/arn",
      "/containers/app/environment/DB_PASSWORD",
      "/containers/app/environment/LOG_LEVEL",
      "/containers/app/privileged",
      "/containers/app/user",
    ]);
    expect(world.everything()).not.toContain(secret);

    world.advance(3_600_000);
    await client.send(new UpdateServiceCommand({ cluster: "production", service: "web", taskDefinition: sound }));
    await world.sweep();
    await world.run();
    // The running service is sound again; the family's latest revision is not, and would be deployed next.
    expect(world.open().some(({ kind }) => kind === "drift")).toBe(false);
    const latest = world.open().find(({ rule }) => rule === "ecs-container-privileged");
    expect(latest?.evidence["revisions"]).toEqual([{ revision: "web:2", arn: unsound, inUse: false, latest: true }]);
  });

  test("tasks and the end of a service are seen", async () => {
    const reader = ecsReader({ client: () => client });
    await client.send(
      new RunTaskCommand({
        cluster: "production",
        taskDefinition: "web:1",
        launchType: "FARGATE",
        count: 3,
        networkConfiguration: await network(),
      }),
    );
    const cluster = await reader.read(region, clusterArn);
    if (cluster === undefined) throw new Error("no cluster");
    const alone = cluster.tasks.filter(({ group }) => group === "family:web");
    expect(alone).toHaveLength(3);
    expect(alone[0]?.containers).toEqual([{ name: "app", image: "registry.example/shop/web:1" }]);
    expect(cluster.unread).toEqual([]);
    expect(cluster.taskDefinitions.map(({ revision }) => revision)).toEqual([1, 2]);
    // The emulator moves tasks on with every look, pulls nothing and knows no digests: that they cannot be matched
    // with a scan is said.
    const running = { ...cluster, tasks: alone.map((task) => ({ ...task, lastStatus: "RUNNING" })) };
    expect(runningImages(running)).toEqual({ images: [], unknown: ["registry.example/shop/web:1"] });
    await client.send(new DeleteServiceCommand({ cluster: "production", service: "web", force: true }));
    expect((await reader.read(region, clusterArn))?.services).toEqual([]);
    expect(await reader.clusters(region)).toEqual([clusterArn]);
    expect(await reader.read(region, `${clusterArn}-missing`)).toBeUndefined();
  });
});
