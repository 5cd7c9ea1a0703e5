/**
 * Reads ECS clusters, and never writes: ListClusters, DescribeClusters, ListServices, DescribeServices, ListTasks,
 * DescribeTasks, DescribeTaskDefinition (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/). What may not be
 * read becomes an `unread` entry; throttling and outages are transient errors.
 */
import type { ECSClient, TaskDefinition } from "@aws-sdk/client-ecs";
import { messageOf, PermanentError, TransientError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { nameOf, parseArn, taskDefinitionName } from "../arn.ts";
import { unreadParts } from "../ecs-unread.ts";
import type { EcsCluster, EcsReader, EcsService, EcsTask, EcsTaskDefinition } from "../types.ts";
import { serviceOf, taskDefinitionOf, taskOf } from "./ecs-shapes.ts";

/** The part of the SDK's client that is used. */
export type EcsClient = Pick<ECSClient, "send">;

export interface EcsReaderOptions {
  /** A client for a region; by default the SDK's own with the process's role. */
  readonly client?: (region: string) => EcsClient;
}

/** Calls made at once to one region: the API allows bursts of 20-50 reads, and others share them. */
const concurrency = 4;
const servicesPerCall = 10;
const tasksPerCall = 100;
/** Task definitions remembered between reads: a revision never changes once it is registered. */
const rememberedDefinitions = 2000;

type Sdk = typeof import("./sdk/ecs.ts");
type Unread = { what: string; why: string }[];

interface Session {
  readonly sdk: Sdk;
  readonly client: EcsClient;
  readonly definitions: Map<string, EcsTaskDefinition>;
  readonly unread: Unread;
}

/** A reader of all regions; the SDK is loaded on the first call. */
export function ecsReader(options: EcsReaderOptions = {}): EcsReader {
  const clients = new Map<string, EcsClient>();
  const definitions = new Map<string, EcsTaskDefinition>();
  async function session(region: string): Promise<Session> {
    const sdk = await import("./sdk/ecs.ts");
    const client = clients.get(region) ?? options.client?.(region) ?? new sdk.ECSClient({ region, maxAttempts: 4 });
    clients.set(region, client);
    return { sdk, client, definitions, unread: [] };
  }
  return {
    clusters: async (region) => listClusters(await session(region), region),
    read: async (region, cluster) => readCluster(await session(region), region, cluster),
  };
}

async function listClusters({ sdk, client }: Session, region: string): Promise<readonly string[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await client.send(new sdk.ListClustersCommand({ maxResults: 100, nextToken }));
      arns.push(...(page.clusterArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined && arns.length < limits.clustersPerRegion);
  } catch (error) {
    const why = refusalOf(error);
    throw new PermanentError("ecs-forbidden", `clusters of ${region} cannot be listed: ${why}`, { cause: error });
  }
  if (nextToken !== undefined || arns.length > limits.clustersPerRegion) {
    throw new PermanentError("too-many-clusters", `${region} has more than ${limits.clustersPerRegion} clusters`);
  }
  return arns.sort();
}

async function readCluster(session: Session, region: string, cluster: string): Promise<EcsCluster | undefined> {
  const arn = await describeCluster(session, cluster);
  if (arn === undefined) return undefined;
  const services = await readServices(session, arn);
  const tasks = await readTasks(session, arn);
  const taskDefinitions = await readTaskDefinitions(session, services, tasks);
  return {
    arn,
    name: nameOf(arn),
    account: parseArn(arn)?.account ?? "",
    region,
    services,
    tasks,
    taskDefinitions,
    unread: session.unread,
  };
}

/** The cluster's ARN: as asked for when it may not be read; `undefined` when there is none, or it was deleted. */
async function describeCluster({ sdk, client, unread }: Session, cluster: string): Promise<string | undefined> {
  try {
    const answer = await client.send(new sdk.DescribeClustersCommand({ clusters: [cluster] }));
    const found = answer.clusters?.[0];
    return found?.status === "INACTIVE" ? undefined : found?.clusterArn;
  } catch (error) {
    if (isNamed(error, "ClusterNotFoundException")) return undefined;
    unread.push({ what: unreadParts.cluster, why: refusalOf(error) });
    return cluster;
  }
}

async function readServices(session: Session, cluster: string): Promise<EcsService[]> {
  const { sdk, client, unread } = session;
  const arns = await listAll(unreadParts.services, limits.servicesPerCluster, session, async (nextToken) => {
    const page = await client.send(new sdk.ListServicesCommand({ cluster, maxResults: 100, nextToken }));
    return { arns: page.serviceArns ?? [], nextToken: page.nextToken };
  });
  const services: EcsService[] = [];
  await inBatches(arns, servicesPerCall, async (batch) => {
    try {
      const answer = await client.send(new sdk.DescribeServicesCommand({ cluster, services: batch }));
      for (const service of answer.services ?? []) if (service.status === "ACTIVE") services.push(serviceOf(service));
      for (const { arn, reason } of answer.failures ?? []) {
        if (arn !== undefined && reason !== "MISSING")
          unread.push({ what: unreadParts.service(arn), why: reason ?? "" });
      }
    } catch (error) {
      const why = refusalOf(error);
      for (const arn of batch) unread.push({ what: unreadParts.service(arn), why });
    }
  });
  return services.sort(byArn);
}

/** Running tasks, and those on their way to running. A task that stops between the two calls is simply not there. */
async function readTasks(session: Session, cluster: string): Promise<EcsTask[]> {
  const { sdk, client, unread } = session;
  const arns = await listAll(unreadParts.tasks, limits.tasksPerCluster, session, async (nextToken) => {
    const page = await client.send(new sdk.ListTasksCommand({ cluster, maxResults: 100, nextToken }));
    return { arns: page.taskArns ?? [], nextToken: page.nextToken };
  });
  const tasks: EcsTask[] = [];
  await inBatches(arns, tasksPerCall, async (batch) => {
    try {
      const answer = await client.send(new sdk.DescribeTasksCommand({ cluster, tasks: batch }));
      for (const task of answer.tasks ?? []) if (task.lastStatus !== "STOPPED") tasks.push(taskOf(task));
      const refused = answer.failures?.find(({ reason }) => reason !== "MISSING");
      if (refused !== undefined) note(unread, unreadParts.tasks, refused.reason ?? "");
    } catch (error) {
      note(unread, unreadParts.tasks, refusalOf(error));
    }
  });
  return tasks.sort(byArn);
}

/** Every revision in use, and the latest active revision of each of their families. */
async function readTaskDefinitions(
  session: Session,
  services: readonly EcsService[],
  tasks: readonly EcsTask[],
): Promise<EcsTaskDefinition[]> {
  const used = [...new Set([...services, ...tasks].map(({ taskDefinition }) => taskDefinition))].filter(Boolean).sort();
  const wanted = used.slice(0, limits.taskDefinitionsPerCluster);
  for (const arn of used.slice(limits.taskDefinitionsPerCluster)) {
    session.unread.push({ what: unreadParts.taskDefinition(arn), why: "limit taskDefinitionsPerCluster reached" });
  }
  const found = new Map<string, EcsTaskDefinition>();
  await inBatches(wanted, 1, async ([arn = ""]) => {
    const definition = session.definitions.get(arn) ?? (await describeDefinition(session, arn));
    if (definition !== undefined) found.set(definition.arn, definition);
  });
  const families = [...new Set(wanted.map((arn) => taskDefinitionName(arn).family))].sort();
  await inBatches(families, 1, async ([family = ""]) => {
    const latest = await describeDefinition(session, family);
    if (latest !== undefined) found.set(latest.arn, latest);
  });
  return [...found.values()].sort(byArn);
}

/** One revision by its ARN, or by a family's name its latest active revision: a family may have none left. */
async function describeDefinition(session: Session, name: string): Promise<EcsTaskDefinition | undefined> {
  const { sdk, client, definitions, unread } = session;
  const isFamily = parseArn(name) === undefined;
  let answer: TaskDefinition | undefined;
  try {
    answer = (await client.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition: name }))).taskDefinition;
  } catch (error) {
    const why = refusalOf(error);
    if (isFamily && isNamed(error, "ClientException")) return undefined;
    unread.push({ what: isFamily ? unreadParts.latestRevision(name) : unreadParts.taskDefinition(name), why });
    return undefined;
  }
  if (answer === undefined) {
    if (!isFamily) unread.push({ what: unreadParts.taskDefinition(name), why: "not returned" });
    return undefined;
  }
  const definition = taskDefinitionOf(answer);
  const oldest = definitions.keys().next();
  if (definitions.size >= rememberedDefinitions && oldest.done !== true) definitions.delete(oldest.value);
  definitions.set(definition.arn, definition);
  return definition;
}

interface ListPage {
  readonly arns: readonly string[];
  readonly nextToken: string | undefined;
}

async function listAll(
  what: string,
  most: number,
  { unread }: Session,
  list: (nextToken: string | undefined) => Promise<ListPage>,
): Promise<string[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await list(nextToken);
      arns.push(...page.arns);
      nextToken = page.nextToken;
    } while (nextToken !== undefined && arns.length < most);
  } catch (error) {
    unread.push({ what, why: refusalOf(error) });
    return [];
  }
  if (nextToken !== undefined || arns.length > most) note(unread, what, `more than the limit of ${most}`);
  return arns.slice(0, most).sort();
}

async function inBatches(
  arns: readonly string[],
  size: number,
  work: (batch: string[]) => Promise<void>,
): Promise<void> {
  const batches: string[][] = [];
  for (let start = 0; start < arns.length; start += size) batches.push(arns.slice(start, start + size));
  const worker = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) await work(batch);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** Why the API refused. Throws `TransientError` when it did not refuse but could not answer. */
function refusalOf(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  const status = statusOf(error);
  const throttled = /throttl|TooManyRequests|RequestLimitExceeded|ExpiredToken/i.test(name) || status === 429;
  const refused = status !== undefined && status >= 400 && status < 500;
  if (throttled || !refused || name === "UpdateInProgressException") {
    const code = throttled ? "ecs-throttled" : "ecs-unavailable";
    throw new TransientError(code, `ECS did not answer: ${name || messageOf(error)}`, { cause: error });
  }
  return name;
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

function note(unread: Unread, what: string, why: string): void {
  if (!unread.some((entry) => entry.what === what)) unread.push({ what, why });
}

function byArn(a: { readonly arn: string }, b: { readonly arn: string }): number {
  return a.arn < b.arn ? -1 : a.arn > b.arn ? 1 : 0;
}
