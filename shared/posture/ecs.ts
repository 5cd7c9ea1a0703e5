/**
 * The posture of an ECS cluster, told per workload: a service, or the cluster for tasks that no service started. Task
 * definitions belong to an account and are shared by its clusters, and every deployment makes a new revision; a
 * finding about a workload has one owner and outlives deployments, and its evidence says which revisions fail.
 */
import { nameOf, taskDefinitionName } from "../clouds/arn.ts";
import { unreadOf } from "../clouds/ecs-unread.ts";
import type { EcsCluster, EcsTaskDefinition } from "../clouds/types.ts";
import type { Observation, Resource } from "../findings/types.ts";
import { type CheckRecord, evaluate } from "./evaluate.ts";
import type { Check, CheckContext } from "./types.ts";

/** A resource that findings are about, with what its checks say now. */
export interface Posture {
  readonly resource: Resource;
  /** For people. */
  readonly name: string;
  readonly observations: readonly Observation[];
  /** Why findings that are not observed now may still hold; absent: everything was read. */
  readonly unsure?: string;
  /** Checks that could not be answered, by id, and why. */
  readonly notEvaluated: readonly { readonly check: string; readonly why: string }[];
}

export interface EcsPosture {
  /** Every result, PASS included. */
  readonly records: readonly CheckRecord[];
  readonly postures: readonly Posture[];
}

/** A revision as one workload uses it. */
interface Use {
  readonly arn: string;
  /** Runs now, or is what the service is set to. */
  readonly inUse: boolean;
  /** The family's latest active revision: what the next deployment would take. */
  readonly latest: boolean;
}

interface Workload {
  readonly resource: Resource;
  readonly name: string;
  readonly uses: readonly Use[];
  /** Put before subjects: tells the families of the tasks without a service apart. */
  readonly prefix: (use: Use) => string;
}

export function postureOfEcs(cluster: EcsCluster, checks: readonly Check[], context: CheckContext): EcsPosture {
  const unread = unreadOf(cluster.unread);
  const byArn = new Map(cluster.taskDefinitions.map((definition) => [definition.arn, definition]));
  const latest = latestRevisions(cluster);
  const workloads = workloadsOf(cluster, latest);
  const records = new Map<string, readonly CheckRecord[]>();
  const recordsOf = (arn: string): readonly CheckRecord[] => {
    const known = records.get(arn);
    if (known !== undefined) return known;
    const why = `the task definition could not be read: ${unread.taskDefinition(arn) ?? "not returned"}`;
    const fresh = evaluate(checks, { target: "ecs-task-definition", id: arn, value: byArn.get(arn), why }, context);
    records.set(arn, fresh);
    return fresh;
  };
  const postures = workloads.map((workload): Posture => {
    const found = workload.uses.flatMap((use) => recordsOf(use.arn).map((record) => ({ use, record })));
    const own = ownRecords(cluster, workload, checks, context);
    if (own.length > 0) records.set(workload.resource.id, own);
    const all = [...found, ...own.map((record) => ({ use: undefined, record }))];
    const unsure = whyUnsure(workload, unread);
    return {
      resource: workload.resource,
      name: workload.name,
      observations: observationsOf(workload, all, checks),
      ...(unsure === undefined ? {} : { unsure }),
      notEvaluated: all
        .filter(({ record }) => record.status === "NOT_EVALUATED")
        .map(({ record }) => ({ check: record.check, why: record.why ?? "" })),
    };
  });
  return { records: [...records.values()].flat(), postures };
}

/** Checks of the service or cluster itself. */
function ownRecords(
  cluster: EcsCluster,
  { resource }: Workload,
  checks: readonly Check[],
  context: CheckContext,
): readonly CheckRecord[] {
  if (resource.id === cluster.arn)
    return evaluate(checks, { target: "ecs-cluster", id: cluster.arn, value: cluster }, context);
  const value = cluster.services.find(({ arn }) => arn === resource.id);
  return evaluate(checks, { target: "ecs-service", id: resource.id, value }, context);
}

/** The services, and the cluster itself for tasks of no known service. */
function workloadsOf(cluster: EcsCluster, latest: ReadonlyMap<string, string>): Workload[] {
  const services = new Map(cluster.services.map((service) => [service.name, new Set([service.taskDefinition])]));
  const alone = new Set<string>();
  for (const task of cluster.tasks) {
    const service = task.group?.startsWith("service:") ? services.get(task.group.slice("service:".length)) : undefined;
    (service ?? alone).add(task.taskDefinition);
  }
  return [
    ...cluster.services.map(
      ({ arn, name }): Workload => ({
        resource: { type: "ecs-service", id: arn },
        name,
        uses: usesOf(services.get(name) ?? new Set(), latest),
        prefix: () => "",
      }),
    ),
    {
      resource: { type: "ecs-cluster", id: cluster.arn },
      name: cluster.name,
      uses: usesOf(alone, latest),
      prefix: (use) => `${taskDefinitionName(use.arn).family}/`,
    },
  ];
}

function usesOf(inUse: ReadonlySet<string>, latest: ReadonlyMap<string, string>): Use[] {
  const arns = new Set(inUse);
  for (const arn of inUse) {
    const newest = latest.get(taskDefinitionName(arn).family);
    if (newest !== undefined) arns.add(newest);
  }
  return [...arns]
    .filter(Boolean)
    .sort(byRevision)
    .map((arn) => ({ arn, inUse: inUse.has(arn), latest: latest.get(taskDefinitionName(arn).family) === arn }));
}

/**
 * The collector reads those in use and the latest active one of each family: one that nothing uses is the latest;
 * otherwise the latest is in use itself, and the highest.
 */
function latestRevisions(cluster: EcsCluster): ReadonlyMap<string, string> {
  const used = new Set([...cluster.services, ...cluster.tasks].map(({ taskDefinition }) => taskDefinition));
  const latest = new Map<string, EcsTaskDefinition>();
  for (const definition of cluster.taskDefinitions) {
    const known = latest.get(definition.family);
    const better = (used.has(definition.arn) ? 0 : 1) - (known !== undefined && !used.has(known.arn) ? 1 : 0);
    if (known === undefined || better > 0 || (better === 0 && known.revision < definition.revision)) {
      latest.set(definition.family, definition);
    }
  }
  return new Map([...latest].map(([family, { arn }]) => [family, arn]));
}

interface Found {
  readonly use: Use | undefined;
  readonly record: CheckRecord;
}

/** One observation per check and subject, over all revisions that fail it. */
function observationsOf(workload: Workload, found: readonly Found[], checks: readonly Check[]): Observation[] {
  const failing = Map.groupBy(
    found.filter(({ record }) => record.status === "FAIL"),
    ({ use, record }) =>
      JSON.stringify([record.check, (use === undefined ? "" : workload.prefix(use)) + record.subject]),
  );
  return [...failing].flatMap(([key, group]): Observation[] => {
    const [id, subject] = JSON.parse(key) as [string, string];
    const check = checks.find((candidate) => candidate.id === id);
    // The revision in use speaks for the finding; where none of those fails, the latest does.
    const speaker = group.findLast(({ use }) => use?.inUse !== false) ?? group.at(-1);
    if (check === undefined || speaker === undefined) return [];
    const revisions = group.flatMap(({ use }) => use ?? []);
    return [
      {
        kind: "posture",
        rule: check.id,
        subject: subject.slice(0, 1024),
        title: `${workload.name}: ${speaker.record.title ?? check.title}`.slice(0, 512),
        severity: check.severity,
        exploited: false,
        evidence: {
          ...(speaker.record.evidence as Observation["evidence"] | undefined),
          ...(revisions.length === 0 ? {} : { revisions: revisions.slice(-10).map(describeUse) }),
          check: check.title,
          controls: [...check.controls],
          remediation: check.remediation,
        },
        links: [],
      },
    ];
  });
}

function describeUse({ arn, inUse, latest }: Use) {
  return { revision: nameOf(arn), arn, inUse, latest };
}

/** Whether a posture finding is about something in use, not only about what the next deployment would take. */
export function failsInUse({ kind, evidence }: Observation): boolean {
  const { revisions } = evidence;
  if (kind !== "posture" || !Array.isArray(revisions)) return kind === "posture";
  return revisions.some(
    (use) => typeof use === "object" && use !== null && !Array.isArray(use) && use["inUse"] === true,
  );
}

function whyUnsure(workload: Workload, unread: ReturnType<typeof unreadOf>): string | undefined {
  if (unread.tasks !== undefined) return `running tasks could not be read: ${unread.tasks}`;
  for (const { arn } of workload.uses) {
    const why = unread.taskDefinition(arn) ?? unread.latestRevision(taskDefinitionName(arn).family);
    if (why !== undefined) return `${nameOf(arn)} or its family's latest revision could not be read: ${why}`;
  }
  return undefined;
}

function byRevision(a: string, b: string): number {
  const [one, two] = [taskDefinitionName(a), taskDefinitionName(b)];
  if (one.family !== two.family) return one.family < two.family ? -1 : 1;
  return (one.revision ?? 0) - (two.revision ?? 0);
}
