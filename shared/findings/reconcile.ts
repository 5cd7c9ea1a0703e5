import { isDeepStrictEqual } from "node:util";
import { TransientError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { findingId } from "./identity.ts";
import { type Change, commitChanges, findingsOfResource, type StoredFinding } from "./store.ts";
import {
  type Cause,
  type Finding,
  type FindingKind,
  type Observation,
  observationSchema,
  type Resource,
} from "./types.ts";

export interface ReconcileInput {
  readonly resource: Resource;
  /** Only findings of these kinds are touched. */
  readonly kinds: readonly FindingKind[];
  /** Everything that holds now for those kinds; what is missing here is resolved. */
  readonly observations: readonly Observation[];
  /** Narrows what a missing observation resolves: a scan that failed says nothing about what it did not see. */
  readonly judges?: (finding: Finding) => boolean;
  readonly cause: Cause;
  /** Where the resource runs now; absent: as stored. */
  readonly running?: readonly string[];
}

export interface Reconciled {
  /** Opened or reopened by this cause. */
  readonly introduced: readonly Finding[];
  /** Resolved by this cause while open. */
  readonly fixed: readonly Finding[];
  /** Open after it. */
  readonly open: readonly Finding[];
}

const attempts = 5;

/**
 * Makes the findings of some kinds on a resource equal to what was observed, with a timeline entry per transition.
 * Idempotent by `cause.id`: run again after an interruption, it finishes the rest and reports the transitions that
 * the first run already made as its own. Throws `TransientError("finding-conflict")` when others keep writing.
 */
export async function reconcile(
  platform: Pick<Platform, "table" | "clock" | "log">,
  input: ReconcileInput,
): Promise<Reconciled> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const stored = (await findingsOfResource(platform.table, input.resource)).filter(({ finding }) =>
      input.kinds.includes(finding.kind),
    );
    const changes = planChanges(stored, input, platform.clock.now());
    if (await commitChanges(platform, changes, input.cause)) return outcome(stored, changes, input.cause);
    platform.log.debug("findings were written by another scan, reading again", {
      resource: input.resource.id,
      attempt,
    });
  }
  throw new TransientError("finding-conflict", `findings of ${input.resource.id} are being written by others`);
}

/** Pure: what has to change so that `stored` says what was observed. */
export function planChanges(stored: readonly StoredFinding[], input: ReconcileInput, now: number): Change[] {
  const byId = new Map(stored.map((entry) => [entry.finding.id, entry]));
  const changes: Change[] = [];
  const seen = new Set<string>();
  for (const raw of input.observations) {
    const observation = observationSchema.parse(raw);
    const id = findingId(observation.kind, input.resource, observation.rule, observation.subject);
    if (seen.has(id)) continue;
    seen.add(id);
    const change = observed(byId.get(id), id, observation, input, now);
    if (change !== undefined) changes.push(change);
  }
  for (const before of stored) {
    if (seen.has(before.finding.id) || before.finding.state === "resolved") continue;
    if (input.judges?.(before.finding) === false) continue;
    changes.push(resolved(before, input, now));
  }
  return changes;
}

function observed(
  before: StoredFinding | undefined,
  id: string,
  observation: Observation,
  input: ReconcileInput,
  now: number,
): Change | undefined {
  const at = new Date(now).toISOString();
  const old = before?.finding;
  if (before === undefined || old === undefined) {
    const after: Finding = {
      ...observation,
      id,
      resource: input.resource,
      state: "open",
      running: [...(input.running ?? [])],
      openedAt: at,
      updatedAt: at,
      last: { transition: "opened", cause: input.cause },
    };
    return { before: undefined, after, transition: { name: "opened" } };
  }
  const { resolvedAt: _resolvedAt, fixedVersion: _fixedVersion, ...rest } = old;
  const running = [...(input.running ?? old.running)];
  const refreshed: Finding = { ...rest, ...observation, running, updatedAt: at };
  const accepted = old.acceptance !== undefined && Date.parse(old.acceptance.until) > now;
  if (old.state === "resolved") {
    const { acceptance: _ended, ...unaccepted } = refreshed;
    const last = { transition: "reopened" as const, cause: input.cause };
    const after: Finding = accepted
      ? { ...refreshed, state: "accepted", last }
      : { ...unaccepted, state: "open", last };
    return { before, after, transition: { name: "reopened" } };
  }
  if (old.state === "accepted" && !accepted) {
    const { acceptance: _acceptance, ...open } = refreshed;
    const after: Finding = { ...open, state: "open", last: { transition: "acceptance-expired", cause: input.cause } };
    return { before, after, transition: { name: "acceptance-expired" } };
  }
  if (isDeepStrictEqual({ ...refreshed, updatedAt: old.updatedAt }, { ...old })) return undefined;
  const told =
    old.severity !== observation.severity ||
    old.exploited !== observation.exploited ||
    old.fixedVersion !== observation.fixedVersion;
  if (!told) return { before, after: refreshed };
  const after: Finding = { ...refreshed, last: { transition: "changed", cause: input.cause } };
  return { before, after, transition: { name: "changed", note: describeChange(old, observation) } };
}

function describeChange(old: Finding, now: Observation): string {
  const parts: string[] = [];
  if (old.severity !== now.severity) parts.push(`severity ${old.severity} -> ${now.severity}`);
  if (old.exploited !== now.exploited)
    parts.push(now.exploited ? "now known to be exploited" : "no longer listed as exploited");
  if (old.fixedVersion !== now.fixedVersion)
    parts.push(`fix ${old.fixedVersion ?? "none"} -> ${now.fixedVersion ?? "none"}`);
  return parts.join("; ");
}

function resolved(before: StoredFinding, input: ReconcileInput, now: number): Change {
  const at = new Date(now).toISOString();
  const after: Finding = {
    ...before.finding,
    state: "resolved",
    running: [...(input.running ?? before.finding.running)],
    resolvedAt: at,
    updatedAt: at,
    last: { transition: "resolved", cause: input.cause },
  };
  return { before, after, transition: { name: "resolved" } };
}

/** What the cause did, counting what an interrupted earlier run of the same cause already did. */
function outcome(stored: readonly StoredFinding[], changes: readonly Change[], cause: Cause): Reconciled {
  const current = new Map(stored.map(({ finding }) => [finding.id, finding]));
  for (const { after } of changes) current.set(after.id, after);
  const introduced: Finding[] = [];
  const fixed: Finding[] = [];
  const open: Finding[] = [];
  for (const finding of current.values()) {
    if (finding.state === "open") open.push(finding);
    if (finding.last.cause.id !== cause.id) continue;
    const { transition } = finding.last;
    if (finding.state === "open" && transition !== "changed") introduced.push(finding);
    if (transition === "resolved" && finding.acceptance === undefined) fixed.push(finding);
  }
  return { introduced, fixed, open };
}
