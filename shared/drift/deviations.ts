/** Deviations: how a cluster differs from its baseline now, since when and by whom; and what people are told of them. */
import * as z from "zod";
import { type Observation, resourceSchema, type Severity, severities } from "../findings/types.ts";
import { canonicalJson, type Json } from "./canonical.ts";
import type { Change } from "./compare.ts";
import type { Difference } from "./difference.ts";
import { whoSchema } from "./explain.ts";

const shownDifferences = 10;
const shownCharacters = 200;

/** A difference as it is stored and shown: values cut, to JSON text where they are not plain. */
const shownDifference = z.object({ path: z.string(), before: z.json().optional(), after: z.json().optional() });

export const changeSchema = z.object({
  resource: resourceSchema,
  name: z.string(),
  kind: z.enum(["changed", "added", "removed"]),
  field: z.string(),
  state: z.string(),
  differences: z.array(shownDifference).max(shownDifferences),
  /** Differences beyond those. */
  omitted: z.int().min(0),
  who: whoSchema,
});
/** One change as people are told of it. */
export type ToldChange = z.infer<typeof changeSchema>;

/** A check that was not failing on the resource before the change, and is now. */
export const turnedSchema = z.object({ check: z.string(), severity: z.enum(severities) });
export type Turned = z.infer<typeof turnedSchema>;

export const deviationSchema = changeSchema.extend({
  /** The read that first showed it; the last one that did not. */
  detectedAt: z.iso.datetime(),
  since: z.iso.datetime().optional(),
  /** Id of the drift record that tells of it. */
  record: z.string(),
  turned: z.array(turnedSchema),
});
export type Deviation = z.infer<typeof deviationSchema>;

export function toldChange(change: Change, who: ToldChange["who"]): ToldChange {
  const { resource, name, kind, field, state, differences } = change;
  return {
    resource,
    name,
    kind,
    field,
    state,
    who,
    differences: differences.slice(0, shownDifferences).map(shown),
    omitted: Math.max(0, differences.length - shownDifferences),
  };
}

function shown({ path, before, after }: Difference): z.infer<typeof shownDifference> {
  return {
    path: path.slice(0, 512),
    ...(before === undefined ? {} : { before: cut(before) }),
    ...(after === undefined ? {} : { after: cut(after) }),
  };
}

function cut(value: Json): Json {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  const text = typeof value === "string" ? value : canonicalJson(value);
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
}

/** What makes two changes the same one. */
export function changeKey(change: Pick<Change, "resource" | "kind" | "field" | "state">): string {
  return JSON.stringify([change.resource.id, change.kind, change.field, change.state]);
}

/**
 * The finding that a deviation is. Its subject holds the state it deviates to: accepting it accepts that state, and a
 * further change is another finding. A change that turned a check weighs as much as the check; any other is low.
 */
export function driftObservation(deviation: Deviation): Observation {
  const { kind, field, name, who, state, differences, omitted, turned } = deviation;
  const [only] = differences;
  const single = kind === "changed" && differences.length === 1 && omitted === 0 ? only : undefined;
  const what = kind === "changed" ? `${field} changed` : kind;
  return {
    kind: "drift",
    rule: kind === "changed" ? field : kind,
    subject: kind === "changed" ? `/${field}#${state}` : name,
    title: `${name}: ${what} by ${who.text}`.slice(0, 512),
    severity: worst(turned),
    exploited: false,
    evidence: {
      path: `/${field}${single?.path ?? ""}`,
      ...(single?.before === undefined ? {} : { before: single.before }),
      ...(single?.after === undefined ? {} : { after: single.after }),
      changes: plain(differences),
      omitted,
      who: plain(who),
      detectedAt: deviation.detectedAt,
      ...(deviation.since === undefined ? {} : { since: deviation.since }),
      record: deviation.record,
      turned: plain(turned),
    },
    links: [],
  };
}

/** A value without absent members, as JSON has it. */
function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

function worst(turned: readonly Turned[]): Severity {
  const ranks = turned.map(({ severity }) => severities.indexOf(severity));
  return severities[Math.min(...ranks)] ?? "low";
}

/** CloudTrail delivers most events within this time; before it has passed, a missing event is not missed. */
const deliveryMilliseconds = 15 * 60_000;

/** A change that no event announced: the events of this cluster may not be reaching us. About the cluster itself. */
export function unannouncedObservation(deviation: Deviation, readAt: string): Observation | undefined {
  if (deviation.who.known !== "none") return undefined;
  if (Date.parse(readAt) - Date.parse(deviation.detectedAt) < deliveryMilliseconds) return undefined;
  const { resource, kind, field, state, name } = deviation;
  const what = kind === "changed" ? `${field} changed` : kind;
  return {
    kind: "coverage",
    rule: "change-without-event",
    subject: `${resource.id}/${kind}/${field}#${state}`.slice(0, 1024),
    title: `${name}: ${what}, and no event said so`.slice(0, 512),
    severity: "low",
    exploited: false,
    evidence: {
      resource: resource.id,
      change: kind,
      field,
      detectedAt: deviation.detectedAt,
      ...(deviation.since === undefined ? {} : { since: deviation.since }),
      remediation:
        "Check that a trail logs management events in this account and region, and that the rules that bring them " +
        "here are enabled.",
    },
    links: [],
  };
}
