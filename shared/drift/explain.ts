/** Who made a change: the event that best fits it, by what the event names and when it happened. Pure. */
import * as z from "zod";
import { nameOf, parseArn } from "../clouds/arn.ts";
import type { Hint } from "../clouds/watch.ts";
import type { Change } from "./compare.ts";
import type { Difference } from "./difference.ts";

const explainingEvent = z.object({
  /** The API call or event, e.g. `UpdateService`. */
  name: z.string(),
  actor: z.string().optional(),
  time: z.iso.datetime(),
  sourceEventId: z.string(),
  /** How well it fits: see `fitOf`. */
  fit: z.int(),
});
type ExplainingEvent = z.infer<typeof explainingEvent>;

export const whoSchema = z.object({
  /** `actor`: an event says who. `event`: one was seen, but it has no author. `none`: no event was seen. */
  known: z.enum(["actor", "event", "none"]),
  /** For people. */
  text: z.string(),
  /** The event that explains it best, then others that fit. */
  events: z.array(explainingEvent).max(5),
});
export type Who = z.infer<typeof whoSchema>;

/** Times of the last read that did not show the change, and of the read that did (ISO 8601). */
export interface Window {
  readonly since?: string;
  readonly until: string;
}

/** A read may not yet show what was done shortly before it. */
const slackBefore = 30_000;
/** Clocks differ. More than this, and the next change's event would explain this one. */
const slackAfter = 5_000;
const rememberedEvents = 5;

/**
 * The best explanation of a change by the hints known now and those of an earlier explanation. The same events give
 * the same explanation in whatever order they come.
 */
export function explain(change: Change, hints: readonly Hint[], window: Window, before?: Who): Who {
  const from = window.since === undefined ? 0 : Date.parse(window.since) - slackBefore;
  const to = Date.parse(window.until) + slackAfter;
  const fitting = hints
    .filter(({ sweep, time }) => !sweep && Date.parse(time) >= from && Date.parse(time) <= to)
    .map((hint) => eventOf(hint, fitOf(hint, change)))
    .filter(({ fit }) => fit > 0);
  const known = new Map([...(before?.events ?? []), ...fitting].map((event) => [event.sourceEventId, event]));
  const events = [...known.values()].sort(byFit).slice(0, rememberedEvents);
  const [best] = events;
  if (best === undefined) return { known: "none", text: "unknown: no event seen", events };
  if (best.actor === undefined) return { known: "event", text: `unknown: ${best.name} does not say who`, events };
  return { known: "actor", text: `${best.actor} (${best.name})`, events };
}

function eventOf({ name, actor, time, sourceEventId }: Hint, fit: number): ExplainingEvent {
  return { name, ...(actor === undefined ? {} : { actor }), time, sourceEventId, fit };
}

function byFit(a: ExplainingEvent, b: ExplainingEvent): number {
  const later = Date.parse(b.time) - Date.parse(a.time);
  return b.fit - a.fit || later || (a.sourceEventId < b.sourceEventId ? -1 : 1);
}

/** Naming the resource says more than naming one of the changed values; an author says more than either. */
function fitOf(hint: Hint, change: Change): number {
  const fit =
    hint.resource === undefined ? 0 : names(hint.resource, change) ? 2 : isValue(hint.resource, change) ? 1 : 0;
  return fit === 0 ? 0 : fit + (hint.actor === undefined ? 0 : 2);
}

/** By full identifier, by bare name, as `service:<name>`, or as an old ARN that leaves the cluster out. */
function names(resource: string, change: Change): boolean {
  if (resource === change.resource.id || resource === change.name || resource === `service:${change.name}`) return true;
  const arn = parseArn(resource);
  return arn !== undefined && arn.resource === `service/${change.name}`;
}

/** The event names a value that the change brought: the task definition that a service was moved to. */
function isValue(resource: string, change: Change): boolean {
  return change.differences.some(
    ({ after }: Difference) => after === resource || (typeof after === "string" && isFamily(after, resource)),
  );
}

function isFamily(value: string, resource: string): boolean {
  return parseArn(resource) === undefined && nameOf(value).replace(/:\d+$/, "") === resource;
}
