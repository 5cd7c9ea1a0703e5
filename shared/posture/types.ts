/**
 * Benchmarks are data, checks are code. A check looks at one kind of resource and answers one question about it; a
 * control of a benchmark is answered by the checks that name it.
 */
import type { EcsCluster, EcsService, EcsTaskDefinition } from "../clouds/types.ts";
import type { Json } from "../drift/canonical.ts";
import type { Severity } from "../findings/types.ts";

/** Silence is never a pass: the last four carry why. */
export const checkStatuses = ["PASS", "FAIL", "NOT_APPLICABLE", "NOT_EVALUATED", "MANUAL", "EXCEPTED"] as const;
export type CheckStatus = (typeof checkStatuses)[number];

interface ResultBase {
  /** What in the resource it is about: a container, a container's variable; empty for the resource itself. */
  readonly subject: string;
}

/** What was seen, and where: plain JSON that people are shown. Never a value that may be secret. */
export interface Evidence {
  /** JSON path (RFC 9535) into the document that the provider's API returns for the resource. */
  readonly path: string;
  readonly [fact: string]: Json;
}

export type CheckResult =
  | (ResultBase & { readonly status: "PASS"; readonly evidence?: Evidence })
  | (ResultBase & { readonly status: "FAIL"; readonly title: string; readonly evidence: Evidence })
  | (ResultBase & {
      readonly status: "NOT_APPLICABLE" | "NOT_EVALUATED" | "MANUAL" | "EXCEPTED";
      readonly why: string;
      readonly evidence?: Evidence;
    });

/** The kinds of resources that checks look at. A new kind of cluster adds its own here. */
export interface CheckTargets {
  readonly "ecs-cluster": EcsCluster;
  readonly "ecs-service": EcsService;
  readonly "ecs-task-definition": EcsTaskDefinition;
}
export type CheckTarget = keyof CheckTargets;

export interface CheckContext {
  /** A short hash of a value that may be secret, keyed per cluster: tells equal values from different ones. */
  readonly hash: (value: string) => string;
}

export interface CheckOf<Target extends CheckTarget> {
  /** kebab-case, unique, the folder's name. */
  readonly id: string;
  /** The rule, as a sentence that is true when it holds. */
  readonly title: string;
  readonly severity: Severity;
  readonly target: Target;
  /** Names of the API calls after which the answer may be another one. */
  readonly triggers: readonly string[];
  /** Controls it answers: `<benchmark id>/<control id>`. */
  readonly controls: readonly string[];
  /** What to do when it fails: one or two sentences. */
  readonly remediation: string;
  /** Pure. At least one result; more where the resource has parts. */
  evaluate(resource: CheckTargets[Target], context: CheckContext): readonly CheckResult[];
}

/** A check of any kind of resource. */
export type Check = { [Target in CheckTarget]: CheckOf<Target> }[CheckTarget];

export interface Control {
  readonly id: string;
  readonly title: string;
  /** `manual`: the benchmark asks a person; `retired`: no longer in it, kept so that old references resolve. */
  readonly assessment: "automated" | "manual" | "retired";
}

export interface Benchmark {
  /** kebab-case, unique. */
  readonly id: string;
  readonly title: string;
  readonly version: string;
  readonly controls: readonly Control[];
}
