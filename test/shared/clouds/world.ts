/** A small world for the tests of this room: ports in memory, a clock that is set, queues that wait for it. */
import { door as assessDoor } from "../../../functions/clouds/assess-cluster.ts";
import { door as eventsDoor } from "../../../functions/clouds/ecs-events.ts";
import { door as sweepDoor } from "../../../functions/clouds/sweep-clusters.ts";
import type { EcsCluster, EcsContainer, EcsService, EcsTask, EcsTaskDefinition } from "../../../shared/clouds/types.ts";
import { toEnvelope } from "../../../shared/events/envelope.ts";
import { outboxPrefix } from "../../../shared/events/outbox.ts";
import type { DomainEvent } from "../../../shared/events/types.ts";
import { findingSchema } from "../../../shared/findings/types.ts";
import type { Platform } from "../../../shared/platform/ports.ts";
import { settingsSchema } from "../../../shared/platform/settings.ts";
import { memoryTable } from "../../support/memory-table.ts";

export const account = "123456789012";
export const region = "eu-central-1";
export const clusterArn = `arn:aws:ecs:${region}:${account}:cluster/production`;
export const serviceArn = (name: string) => `arn:aws:ecs:${region}:${account}:service/production/${name}`;
export const definitionArn = (family: string, revision: number) =>
  `arn:aws:ecs:${region}:${account}:task-definition/${family}:${revision}`;
export const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
export const start = Date.parse("2026-11-22T08:00:00.000Z");

export function container(name: string, over: Partial<EcsContainer> = {}): EcsContainer {
  return {
    name,
    image: "registry.example/shop/web:1",
    privileged: false,
    user: "1000",
    environment: [],
    secrets: [],
    ...over,
  };
}

export function definition(family: string, revision: number, containers: readonly EcsContainer[]): EcsTaskDefinition {
  return { arn: definitionArn(family, revision), family, revision, networkMode: "awsvpc", containers };
}

export function service(name: string, taskDefinition: string, over: Partial<EcsService> = {}): EcsService {
  return {
    arn: serviceArn(name),
    name,
    taskDefinition,
    desiredCount: 1,
    runningCount: 1,
    launchType: "FARGATE",
    enableExecuteCommand: false,
    assignPublicIp: "DISABLED",
    securityGroups: ["sg-1"],
    subnets: ["subnet-1"],
    ...over,
  };
}

export function task(id: string, taskDefinition: string, group: string, digest?: string): EcsTask {
  const image = "registry.example/shop/web:1";
  const containers = [{ name: "app", image, ...(digest === undefined ? {} : { imageDigest: digest }) }];
  return {
    arn: `arn:aws:ecs:${region}:${account}:task/production/${id}`,
    taskDefinition,
    group,
    lastStatus: "RUNNING",
    containers,
  };
}

export function cluster(over: Partial<EcsCluster> = {}): EcsCluster {
  return {
    arn: clusterArn,
    name: "production",
    account,
    region,
    services: [],
    tasks: [],
    taskDefinitions: [],
    unread: [],
    ...over,
  };
}

interface Waiting {
  readonly queue: string;
  readonly body: unknown;
  readonly at: number;
  readonly id: string;
  attempt: number;
}

export interface Call {
  readonly name: string;
  readonly id: string;
  readonly at: number;
  readonly actor?: string;
  readonly resource?: string;
  readonly cluster?: string;
}

/** A CloudTrail record on the default bus, as EventBridge delivers it. */
export function callEvent({ name, id, at, actor, resource = serviceArn("web"), cluster: arn = clusterArn }: Call) {
  const time = new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
  const registers = name === "RegisterTaskDefinition";
  return {
    version: "0",
    id: `delivery-${id}`,
    "detail-type": "AWS API Call via CloudTrail",
    source: "aws.ecs",
    account,
    time,
    region,
    resources: [],
    detail: {
      eventVersion: "1.11",
      userIdentity: { type: "AssumedRole", ...(actor === undefined ? {} : { arn: actor }) },
      eventTime: time,
      eventSource: "ecs.amazonaws.com",
      eventName: name,
      awsRegion: region,
      requestParameters: registers ? { family: "web" } : { cluster: arn, service: resource },
      responseElements: registers
        ? { taskDefinition: { taskDefinitionArn: resource } }
        : { service: { serviceArn: resource, clusterArn: arn } },
      eventID: id,
      readOnly: false,
      recipientAccountId: account,
    },
  };
}

export function makeWorld(settleSeconds = 10) {
  let now = start;
  const clock = { now: () => now };
  const table = memoryTable(clock);
  const stored = new Map<string, Uint8Array>();
  const waiting: Waiting[] = [];
  const logged: string[] = [];
  const counted = new Map<string, number>();
  let reads = 0;
  let messages = 0;
  let state: EcsCluster | undefined | (() => Promise<EcsCluster | undefined>) = cluster();
  const log = (message: string, fields?: unknown) => void logged.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const send = (queue: string, body: unknown, delaySeconds = 0) =>
    void waiting.push({
      queue,
      body: structuredClone(body),
      at: now + delaySeconds * 1000,
      id: `m${++messages}`,
      attempt: 0,
    });
  const platform = {
    table,
    clock,
    blobs: {
      put: async (key: string, body: Uint8Array) => void stored.set(key, new Uint8Array(body)),
      get: async (key: string) => stored.get(key),
      has: async (key: string) => stored.has(key),
      remove: async (key: string) => void stored.delete(key),
      list: async function* (prefix: string) {
        for (const key of [...stored.keys()].sort()) if (key.startsWith(prefix)) yield key;
      },
    },
    bus: {
      publish: async (events: readonly DomainEvent[]) => {
        for (const event of events) if (event.type === "ClusterChanged") send("assess-cluster", toEnvelope(event));
      },
    },
    queues: {
      send: async (queue: string, bodies: readonly unknown[], delay?: number) => {
        for (const body of bodies) send(queue, body, delay);
      },
      status: async () => [],
      redrive: async () => 0,
    },
    ecs: {
      clusters: async (where: string) => (where === region && state !== undefined ? [clusterArn] : []),
      read: async () => {
        reads++;
        return typeof state === "function" ? state() : state;
      },
    },
    log: { debug: log, info: log, warn: log, error: log },
    metrics: { count: (name: string, value = 1) => void counted.set(name, (counted.get(name) ?? 0) + value) },
    settings: settingsSchema.parse({ clouds: { ecs: { settleSeconds, regions: [region] } } }),
  } as unknown as Platform;

  const handler = (queue: string) => (queue === "assess-cluster" ? assessDoor : eventsDoor);
  async function deliver(message: Waiting): Promise<void> {
    const door = handler(message.queue);
    if (door.kind !== "queue") throw new Error("not a queue door");
    message.attempt++;
    try {
      await door.handle(platform, message.body, { messageId: message.id, attempt: message.attempt });
    } catch (error) {
      if (message.attempt >= 5) throw error;
      waiting.push({ ...message, at: now + 30_000 });
    }
  }
  return {
    platform,
    table,
    /** Everything stored anywhere, as text. */
    everything: () =>
      [
        JSON.stringify(table.items()),
        ...[...stored].map(([key, bytes]) => `${key} ${Buffer.from(bytes).toString("utf8")}`),
        JSON.stringify(waiting),
        ...logged,
      ].join("\n"),
    blob: (key: string): unknown => {
      const bytes = stored.get(key);
      return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString("utf8"));
    },
    blobKeys: () => [...stored.keys()].sort(),
    logged,
    counted,
    reads: () => reads,
    now: () => now,
    advance(milliseconds: number) {
      now += milliseconds;
    },
    set(next: typeof state) {
      state = next;
    },
    /** Puts an event of the account's default bus into the door's queue. */
    event: (body: unknown) => send("ecs-events", body),
    send,
    waiting: () => waiting.length,
    sweep: async () => {
      if (sweepDoor.kind === "schedule") await sweepDoor.handle(platform);
    },
    /** Delivers everything that is due until nothing is, moving the clock forward, at most `milliseconds`. */
    async run(milliseconds = 600_000) {
      const until = now + milliseconds;
      for (let steps = 0; steps < 10_000; steps++) {
        const next = waiting.reduce<Waiting | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined);
        if (next === undefined || next.at > until) break;
        waiting.splice(waiting.indexOf(next), 1);
        now = Math.max(now, next.at);
        await deliver(next);
      }
    },
    findings: () =>
      table
        .items()
        .filter(({ pk }) => pk.startsWith("findings#"))
        .map(({ data }) => findingSchema.parse(data)),
    open() {
      return this.findings().filter(({ state }) => state === "open");
    },
    emitted: (type: DomainEvent["type"]) =>
      table
        .items()
        .filter(({ pk }) => pk.startsWith(outboxPrefix))
        .map(({ data }) => data as { "detail-type": string; detail: Record<string, unknown> })
        .filter((envelope) => envelope["detail-type"] === type)
        .map(({ detail }) => detail),
  };
}
