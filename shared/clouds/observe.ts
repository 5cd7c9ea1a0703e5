/** From what was read of a cluster to what holds of each of its resources. Pure. */
import { type Deviation, driftObservation, unannouncedObservation } from "../drift/deviations.ts";
import type { Observation, Resource } from "../findings/types.ts";
import type { Posture } from "../posture/ecs.ts";
import type { Assessment } from "./assessment.ts";
import type { EcsCluster } from "./types.ts";

/** The kinds of findings that an assessment decides on. */
export const assessedKinds = ["posture", "drift", "coverage"] as const;

export interface Observed {
  readonly resource: Resource;
  readonly name: string;
  readonly observations: readonly Observation[];
  /** Not read this time: what was known stays, and its findings are left as they are. */
  readonly skipped: boolean;
}

export interface ObserveInput {
  readonly cluster: { readonly resource: Resource; readonly name: string };
  readonly postures: readonly Posture[];
  readonly deviations: readonly Deviation[];
  readonly unread: EcsCluster["unread"];
  /** Images that run without a known digest. */
  readonly unknownImages: readonly string[];
  readonly previous: Assessment["resources"];
  readonly readAt: string;
  /** Whether a resource could not be read this time. */
  readonly isUnread: (resource: string) => boolean;
}

/** Every resource with something to say, now or at the last read. */
export function observeCluster(input: ObserveInput): Observed[] {
  const before = new Map(input.previous.map((entry) => [entry.resource.id, entry]));
  const deviations = Map.groupBy(input.deviations, ({ resource }) => resource.id);
  const postures = new Map(input.postures.map((posture) => [posture.resource.id, posture]));
  const ids = [...new Set([...postures.keys(), ...deviations.keys(), ...before.keys()])].sort();
  return ids.flatMap((id): Observed[] => {
    const [known, posture, drifted] = [before.get(id), postures.get(id), deviations.get(id) ?? []];
    const named = posture ?? known ?? drifted[0];
    if (named === undefined) return [];
    const { resource, name } = named;
    if (posture === undefined && known !== undefined && input.isUnread(id)) return [{ ...known, skipped: true }];
    const observations = [
      ...(posture === undefined ? [] : posture.observations),
      ...(posture === undefined ? [] : stillPossible(posture, known?.observations ?? [])),
      ...drifted.map(driftObservation),
      ...(id === input.cluster.resource.id ? coverageOf(input) : []),
    ];
    return [{ resource, name, observations, skipped: false }];
  });
}

/**
 * Findings of the last read that are not seen now, but could still hold: the check could not be answered, or a
 * revision or the running tasks could not be read. They stay as they are, and say why.
 */
function stillPossible(posture: Posture, before: readonly Observation[]): Observation[] {
  const now = new Set(posture.observations.map(({ rule, subject }) => JSON.stringify([rule, subject])));
  const unanswered = new Map(posture.notEvaluated.map(({ check, why }) => [check, why]));
  return before.flatMap((observation): Observation[] => {
    const { kind, rule, subject, evidence } = observation;
    const why = unanswered.get(rule) ?? posture.unsure;
    if (kind !== "posture" || why === undefined || now.has(JSON.stringify([rule, subject]))) return [];
    return [{ ...observation, evidence: { ...evidence, notEvaluated: why } }];
  });
}

/** What we cannot see of the cluster, as findings: silence is never a pass. */
function coverageOf({ unread, unknownImages, deviations, readAt }: ObserveInput): Observation[] {
  const base = { kind: "coverage" as const, severity: "low" as const, exploited: false, links: [] };
  return [
    ...unread.map(
      ({ what, why }): Observation => ({
        ...base,
        rule: "cluster-unread",
        subject: what.slice(0, 1024),
        title: `Could not be read: ${what}`.slice(0, 512),
        evidence: {
          why,
          remediation: "Allow the platform's role the read-only calls of ECS that its documentation lists.",
        },
      }),
    ),
    ...unknownImages.slice(0, 100).map(
      (image): Observation => ({
        ...base,
        rule: "running-image-without-digest",
        subject: image.slice(0, 1024),
        title: `Runs without a known digest: ${image}`.slice(0, 512),
        evidence: { image, why: "ECS reports no digest for it, so that it cannot be matched with a scan" },
      }),
    ),
    ...deviations.flatMap((deviation) => unannouncedObservation(deviation, readAt) ?? []),
  ];
}
