/** Runs checks over the resources of a cluster. Pure: what could not be read ends in NOT_EVALUATED, never in silence. */
import * as z from "zod";
import { messageOf } from "../platform/errors.ts";
import {
  type Check,
  type CheckContext,
  type CheckResult,
  type CheckTarget,
  type CheckTargets,
  checkStatuses,
} from "./types.ts";

/** One result of one check about one resource: what an assessment keeps, PASS included. */
export const checkRecordSchema = z.object({
  check: z.string(),
  /** Full identifier of what was looked at: for a task definition, with its revision. */
  resource: z.string(),
  subject: z.string(),
  status: z.enum(checkStatuses),
  title: z.string().optional(),
  why: z.string().optional(),
  evidence: z.looseObject({ path: z.string() }).optional(),
});
export type CheckRecord = z.infer<typeof checkRecordSchema>;

/** Something to check, or why it cannot be. */
export type Subject = {
  [Target in CheckTarget]: {
    readonly target: Target;
    readonly id: string;
    readonly value: CheckTargets[Target] | undefined;
    readonly why?: string;
  };
}[CheckTarget];

/** The results of all checks that look at this kind of resource. A check that throws is NOT_EVALUATED, and says so. */
export function evaluate(checks: readonly Check[], subject: Subject, context: CheckContext): CheckRecord[] {
  return checks
    .filter((check) => check.target === subject.target)
    .flatMap((check) => resultsOf(check, subject, context).map((result) => recordOf(check, subject.id, result)));
}

function resultsOf(check: Check, subject: Subject, context: CheckContext): readonly CheckResult[] {
  if (subject.value === undefined) {
    return [{ status: "NOT_EVALUATED", subject: "", why: subject.why ?? "could not be read" }];
  }
  try {
    const results = run(check, subject, context);
    if (results.length > 0) return results;
    return [{ status: "NOT_APPLICABLE", subject: "", why: "the resource has no part that the check is about" }];
  } catch (error) {
    return [{ status: "NOT_EVALUATED", subject: "", why: `the check failed: ${messageOf(error)}`.slice(0, 300) }];
  }
}

/** Pairs check and resource of one kind; kinds that do not match give nothing. */
function run(check: Check, subject: Subject, context: CheckContext): readonly CheckResult[] {
  if (subject.value === undefined) return [];
  switch (check.target) {
    case "ecs-cluster":
      return subject.target === check.target ? check.evaluate(subject.value, context) : [];
    case "ecs-service":
      return subject.target === check.target ? check.evaluate(subject.value, context) : [];
    case "ecs-task-definition":
      return subject.target === check.target ? check.evaluate(subject.value, context) : [];
  }
}

function recordOf(check: Check, resource: string, result: CheckResult): CheckRecord {
  const { status, subject, evidence } = result;
  return {
    check: check.id,
    resource,
    subject,
    status,
    ...(result.status === "FAIL" ? { title: result.title } : {}),
    ...("why" in result ? { why: result.why } : {}),
    ...(evidence === undefined ? {} : { evidence }),
  };
}
