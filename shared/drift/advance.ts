/** One step of drift: from what was known and what is read now to what is known from now on. Pure. */
import * as z from "zod";
import type { Hint } from "../clouds/watch.ts";
import type { CanonicalDocument } from "./canonical.ts";
import { adoptedBaseline, type Change, changesOf, deviationsOf, withUnread } from "./compare.ts";
import { changeKey, changeSchema, type Deviation, type ToldChange, type Turned, toldChange } from "./deviations.ts";
import { explain, type Who } from "./explain.ts";

/** How long an event may be late and still explain a change: CloudTrail delivers within minutes, rarely hours. */
const explainableMilliseconds = 24 * 3_600_000;
const rememberedUnexplained = 50;

export const unexplainedSchema = changeSchema.extend({
  record: z.string(),
  detectedAt: z.iso.datetime(),
  since: z.iso.datetime().optional(),
  /** Values that the change brought, in full: an event may name one. */
  values: z.array(z.string()).max(100),
});
export type Unexplained = z.infer<typeof unexplainedSchema>;

export interface DriftState {
  readonly baseline: CanonicalDocument;
  readonly current: CanonicalDocument;
  readonly deviations: readonly Deviation[];
  readonly unexplained: readonly Unexplained[];
  /** When `current` was read. */
  readonly readAt: string;
}

export interface DriftStep {
  readonly now: CanonicalDocument;
  readonly readAt: string;
  readonly hints: readonly Hint[];
  /** Id of the record, if one is made. */
  readonly record: string;
  /** Whether a resource could not be read this time, or the last times. */
  readonly unread: (resource: string) => boolean;
  readonly wasUnread: (resource: string) => boolean;
  /** Checks that fail on a resource now and did not at the last read. */
  readonly turned: (resource: string) => readonly Turned[];
}

export interface DriftOutcome {
  readonly state: DriftState;
  /** What changed since the last read. */
  readonly changes: readonly ToldChange[];
  /** Changes of earlier records that are explained now. */
  readonly explained: readonly { readonly record: string; readonly change: ToldChange }[];
}

/** The first sight of a cluster is its baseline; afterwards everything that is not as it was known is a change. */
export function advanceDrift(previous: DriftState | undefined, step: DriftStep): DriftOutcome {
  const { readAt } = step;
  if (previous === undefined) {
    const state = { baseline: step.now, current: step.now, deviations: [], unexplained: [], readAt };
    return { state, changes: [], explained: [] };
  }
  const now = withUnread(step.now, previous.current, step.unread);
  const window = { since: previous.readAt, until: readAt };
  const raw = changesOf(previous.current, now).filter(
    ({ kind, resource }) => !(kind === "added" && step.wasUnread(resource.id)),
  );
  const changes = raw.map((change) => ({ change, told: toldChange(change, explain(change, step.hints, window)) }));
  const { explained, left } = explainAgain(previous.unexplained, step);
  const late = new Map(explained.map(({ record, change }) => [`${record} ${changeKey(change)}`, change.who]));
  const baseline = adoptedBaseline(previous.baseline, now, step.wasUnread);
  const whoOf = new Map(changes.map(({ told }) => [changeKey(told), told.who]));
  const known = new Map(previous.deviations.map((deviation) => [changeKey(deviation), deviation]));
  const deviations = deviationsOf(baseline, now).map((change): Deviation => {
    const before = known.get(changeKey(change));
    if (before !== undefined)
      return { ...before, who: late.get(`${before.record} ${changeKey(change)}`) ?? before.who };
    const who = whoOf.get(changeKey(change)) ?? explain(change, step.hints, window);
    const turned = [...step.turned(change.resource.id)];
    return { ...toldChange(change, who), detectedAt: readAt, since: previous.readAt, record: step.record, turned };
  });
  const fresh = changes
    .filter(({ told }) => told.who.known !== "actor")
    .map(({ change, told }) => unexplainedOf(change, told, step.record, window));
  const unexplained = [...left, ...fresh].slice(-rememberedUnexplained);
  return {
    state: { baseline, current: now, deviations, unexplained, readAt },
    changes: changes.map(({ told }) => told),
    explained,
  };
}

function unexplainedOf(
  change: Change,
  told: ToldChange,
  record: string,
  window: { readonly since: string; readonly until: string },
): Unexplained {
  const values = change.differences.flatMap(({ after }) => (typeof after === "string" ? [after.slice(0, 2048)] : []));
  return { ...told, record, since: window.since, detectedAt: window.until, values: values.slice(0, 100) };
}

/** Tries the changes without an author again: the event that tells it often arrives minutes after the effect. */
function explainAgain(unexplained: readonly Unexplained[], { hints, readAt }: DriftStep) {
  const explained: { readonly record: string; readonly change: ToldChange }[] = [];
  const left: Unexplained[] = [];
  for (const entry of unexplained) {
    const { record, detectedAt, since, values, ...change } = entry;
    const differences = values.map((after) => ({ path: "", after }));
    const who = explain({ ...change, differences }, hints, {
      ...(since === undefined ? {} : { since }),
      until: detectedAt,
    });
    const better = rank(who) > rank(change.who);
    if (better) explained.push({ record, change: { ...change, who } });
    const young = Date.parse(readAt) - Date.parse(detectedAt) < explainableMilliseconds;
    if (who.known !== "actor" && young) left.push(better ? { ...entry, who } : entry);
  }
  return { explained, left };
}

function rank(who: Who): number {
  return who.known === "actor" ? 2 : who.known === "event" ? 1 : 0;
}
