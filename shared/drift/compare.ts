/** Two canonical documents, resource by resource and field by field. Pure. */
import { createHash } from "node:crypto";
import type { Resource } from "../findings/types.ts";
import { type CanonicalDocument, type CanonicalResource, canonicalJson, type Json } from "./canonical.ts";
import { type Difference, difference } from "./difference.ts";

/** One field of one resource that changed, or a resource that came or went. */
export interface Change {
  readonly resource: Resource;
  /** The resource's name, for people. */
  readonly name: string;
  readonly kind: "changed" | "added" | "removed";
  /** The top-level field; empty for a resource that came or went. */
  readonly field: string;
  /** Paths inside the field. */
  readonly differences: readonly Difference[];
  /** A short hash of what is there now: the same change to another value is another change. */
  readonly state: string;
}

/**
 * A field's value that could not be read is `{ ...what is known of it, unread: true }`. It is never a change by
 * itself: only the members that are known are compared.
 */
export function isUnread(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && value["unread"] === true;
}

/** What `after` changed of `before`, in the order of resources and fields. */
export function changesOf(before: CanonicalDocument, after: CanonicalDocument): Change[] {
  const ids = [...new Set([...Object.keys(before.resources), ...Object.keys(after.resources)])].sort();
  return ids.flatMap((id): Change[] => {
    const [old, now] = [before.resources[id], after.resources[id]];
    if (old === undefined) return now === undefined ? [] : [whole(id, now, "added")];
    return now === undefined ? [whole(id, old, "removed")] : changedFields(id, old, now);
  });
}

function whole(id: string, { type, name }: CanonicalResource, kind: "added" | "removed"): Change {
  return { resource: { type, id }, name, kind, field: "", differences: [], state: "" };
}

function changedFields(id: string, before: CanonicalResource, after: CanonicalResource): Change[] {
  const fields = [...new Set([...Object.keys(before.fields), ...Object.keys(after.fields)])].sort();
  return fields.flatMap((field): Change[] => {
    const [old, now] = comparable(before.fields[field] ?? null, after.fields[field] ?? null);
    const differences = difference(old, now);
    if (differences.length === 0) return [];
    const { type, name } = after;
    return [{ resource: { type, id }, name, kind: "changed", field, differences, state: stateOf(now) }];
  });
}

/** Both values, reduced to the members that are known of both. */
function comparable(before: Json, after: Json): [Json, Json] {
  if (!isUnread(before) && !isUnread(after)) return [before, after];
  const known = Object.keys(isUnread(after) ? after : before === null ? {} : before).filter(
    (name) => name !== "unread",
  );
  return [pick(before, known), pick(after, known)];
}

function pick(value: Json, names: readonly string[]): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(value, name) ? [[name, value[name] ?? null]] : [])));
}

function stateOf(value: Json): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 12);
}

/**
 * `now`, with what could not be read this time taken from `previous`: a resource that `unread` answers for, and
 * fields that were read before and whose known members did not change.
 */
export function withUnread(
  now: CanonicalDocument,
  previous: CanonicalDocument,
  unread: (resource: string) => boolean,
): CanonicalDocument {
  const kept = Object.entries(previous.resources).filter(([id]) => now.resources[id] === undefined && unread(id));
  const read = Object.entries(now.resources).map(([id, resource]): [string, CanonicalResource] => {
    const before = previous.resources[id];
    return [id, before === undefined ? resource : { ...resource, fields: filled(resource.fields, before.fields) }];
  });
  return { ...now, resources: Object.fromEntries([...kept, ...read].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) };
}

type Fields = CanonicalResource["fields"];

function filled(now: Fields, before: Fields): Fields {
  return Object.fromEntries(
    Object.entries(now).map(([field, value]): [string, Json] => {
      const old = before[field];
      if (old === undefined || !isUnread(value)) return [field, value];
      const [a, b] = comparable(old, value);
      return [field, difference(a, b).length === 0 ? old : value];
    }),
  );
}

/**
 * The baseline to compare with from now on. What is seen for the first time is its own baseline: resources that came
 * later (marked `added`; forgotten when they go again) and fields that could not be read before. `first` says that the
 * resource was there all along and only could not be read, so that it is not marked.
 */
export function adoptedBaseline(
  baseline: CanonicalDocument,
  now: CanonicalDocument,
  first: (resource: string) => boolean,
): CanonicalDocument {
  const kept = Object.entries(baseline.resources)
    .filter(([id, { added }]) => added !== true || now.resources[id] !== undefined)
    .map(([id, resource]): [string, CanonicalResource] => {
      const seen = now.resources[id];
      return [
        id,
        seen === undefined ? resource : { ...resource, fields: filledBaseline(resource.fields, seen.fields) },
      ];
    });
  const fresh = Object.entries(now.resources)
    .filter(([id]) => baseline.resources[id] === undefined)
    .map(([id, resource]): [string, CanonicalResource] => [id, first(id) ? resource : { ...resource, added: true }]);
  return {
    ...baseline,
    resources: Object.fromEntries([...kept, ...fresh].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))),
  };
}

function filledBaseline(baseline: Fields, now: Fields): Fields {
  return Object.fromEntries(
    Object.entries(baseline).map(([field, value]): [string, Json] => {
      const seen = now[field];
      return [field, isUnread(value) && seen !== undefined && !isUnread(seen) ? seen : value];
    }),
  );
}

/** How the cluster deviates from its baseline now: changed fields, resources that went, and those that came. */
export function deviationsOf(baseline: CanonicalDocument, now: CanonicalDocument): Change[] {
  const added = Object.entries(baseline.resources)
    .filter(([id, resource]) => resource.added === true && now.resources[id] !== undefined)
    .map(([id, resource]) => whole(id, resource, "added"));
  return [...added, ...changesOf(baseline, now)];
}
