/** The one place that knows where findings stand in the table. */
import type { Key } from "../platform/ports.ts";
import { priorityRank } from "./priority.ts";
import type { Finding, FindingState, Resource } from "./types.ts";

/** Spreads the list of one state and rank over so many partitions, so that none is hot. */
export const listShards = 4;

/** The findings of one resource. */
export function findingsOf(resource: Resource): string {
  return `findings#${resource.type}#${resource.id}`;
}

export function findingKey(resource: Resource, id: string): Key {
  return { pk: findingsOf(resource), sk: id };
}

/** The timeline of one finding; its entries also say which resource it is about. */
export function timelinePartition(id: string): string {
  return `finding#${id}`;
}

export function timelineKey(id: string, sequence: number): Key {
  return { pk: timelinePartition(id), sk: `entry#${String(sequence).padStart(8, "0")}` };
}

export function listPartition(state: FindingState, rank: number, shard: number): string {
  return `list#${state}#${String(rank).padStart(2, "0")}#${shard}`;
}

export function listKey(
  finding: Pick<Finding, "id" | "state" | "severity" | "exploited" | "running" | "resource">,
): Key {
  const shard = Number.parseInt(finding.id.slice(0, 2), 16) % listShards;
  return {
    pk: listPartition(finding.state, priorityRank(finding), shard),
    sk: `${finding.resource.type}#${finding.resource.id}#${finding.id}`,
  };
}

/** Accepted findings by the time their acceptance ends. */
export const acceptancePartition = "acceptances";

export function acceptanceKey(until: string, id: string): Key {
  return { pk: acceptancePartition, sk: `${until}#${id}` };
}
