/** One step of drift: from what was known and what is read now to what is known from now on. Pure. */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import type { Hint } from "../clouds/watch.ts";
import type { CanonicalDocument } from "./canonical.ts";
import { adoptedBaseline, type Change, changesOf, deviationsOf, withUnread } from "./compare.ts";
import { changeKey, changeSchema, type Deviation, type ToldChange, type Turned, toldChange } from "./deviations.ts";
import { explain } from "./explain.ts";

/** How long an event may be late and still explain a change: CloudTrail delivers within minutes, rarely hours. */
const explainableMilliseconds = 24 * 3_600_000;
const rememberedChanges = 50;

/** A change that an event may still explain, or explain better. */
export const recentChangeSchema = changeSchema.extend({
  record: z.string(),
  detectedAt: z.iso.datetime(),
  since: z.iso.datetime().optional(),
  /** Values that the change brought, in full: an event may name one. */
  values: z.array(z.string()).max(100),
});
export type RecentChange = z.infer<typeof recentChangeSchema>;

export interface DriftState {
  readonly baseline: CanonicalDocument;
  readonly current: CanonicalDocument;
  readonly deviations: readonly Deviation[];
  readonly recent: readonly RecentChange[];
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
  /** Changes of earlier records that are explained, or explained better, now. */
  readonly explained: readonly { readonly record: string; readonly change: ToldChange }[];
}

/** The first sight of a cluster is its baseline; afterwards everything that is not as it was known is a change. */
export function advanceDrift(previous: DriftState | undefined, step: DriftStep): DriftOutcome {
  const { readAt } = step;
  if (previous === undefined) {
    const state = { baseline: step.now, current: step.now, deviations: [], recent: [], readAt };
    return { state, changes: [], explained: [] };
  }
  const now = withUnread(step.now, previous.current, step.unread);
  const window = { since: previous.readAt, until: readAt };
  const raw = changesOf(previous.current, now).filter(
    ({ kind, resource }) => !(kind === "added" && step.wasUnread(resource.id)),
  );
  const changes = raw.map((change) => ({ change, told: toldChange(change, explain(change, step.hints, window)) }));
  const { explained, left } = explainAgain(previous.recent, step);
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
  const fresh = changes.map(({ change, told }) => recentChange(change, told, step.record, window));
  const recent = [...left, ...fresh].slice(-rememberedChanges);
  return {
    state: { baseline, current: now, deviations, recent, readAt },
    changes: changes.map(({ told }) => told),
    explained,
  };
}

function recentChange(
  change: Change,
  told: ToldChange,
  record: string,
  window: { readonly since: string; readonly until: string },
): RecentChange {
  const values = change.differences.flatMap(({ after }) => (typeof after === "string" ? [after.slice(0, 2048)] : []));
  return { ...told, record, since: window.since, detectedAt: window.until, values: values.slice(0, 100) };
}

/** Asks again who made the latest changes: the event that tells often arrives minutes after its effect. */
function explainAgain(recent: readonly RecentChange[], { hints, readAt }: DriftStep) {
  const explained: { readonly record: string; readonly change: ToldChange }[] = [];
  const left: RecentChange[] = [];
  for (const entry of recent) {
    const { record, detectedAt, since, values, ...change } = entry;
    const window = { ...(since === undefined ? {} : { since }), until: detectedAt };
    const differences = values.map((after) => ({ path: "", after }));
    const who = explain({ ...change, differences }, hints, window, change.who);
    if (!isDeepStrictEqual(who, change.who)) explained.push({ record, change: { ...change, who } });
    if (Date.parse(readAt) - Date.parse(detectedAt) < explainableMilliseconds) left.push({ ...entry, who });
  }
  return { explained, left };
}
