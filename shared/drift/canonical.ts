/**
 * The canonical document: the configuration of a cluster in one form, so that two reads of the same state are equal
 * byte for byte. Maps are keyed by natural names, sets are sorted, counts, states and times are left out, and values
 * that may be secret are replaced by keyed hashes. Every provider's collector feeds the same form.
 */
import { createHash } from "node:crypto";
import type { Resource } from "../findings/types.ts";
import { PermanentError } from "../platform/errors.ts";
import type { Blobs } from "../platform/ports.ts";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface CanonicalResource {
  readonly type: Resource["type"];
  /** For people. */
  readonly name: string;
  /** Top-level fields are the units of drift: one that changed is one finding. */
  readonly fields: { readonly [field: string]: Json };
  /** In a baseline only: it was not there when the cluster was first seen. */
  readonly added?: boolean;
}

export interface CanonicalDocument {
  readonly schema: "portwarden.canonical/1";
  /** The cluster's full identifier. */
  readonly scope: string;
  /** By the resource's full identifier. */
  readonly resources: { readonly [id: string]: CanonicalResource };
}

/** JSON with the members of every object in one order, whatever order they were made in. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  );
}

/** The identity of a document: 64 hex digits of SHA-256 over its canonical JSON. */
export function documentHash(document: CanonicalDocument): string {
  return createHash("sha256").update(canonicalJson(document)).digest("hex");
}

function canonicalKey(hash: string): string {
  return `canonical/${hash}.json`;
}

/** Stores a document under its hash, which it returns. */
export async function putCanonical(blobs: Blobs, document: CanonicalDocument): Promise<string> {
  const hash = documentHash(document);
  const key = canonicalKey(hash);
  if (!(await blobs.has(key))) await blobs.put(key, Buffer.from(canonicalJson(document)), "application/json");
  return hash;
}

/**
 * The document with this hash. Throws `PermanentError("canonical-missing" | "canonical-damaged")`. It is not parsed
 * by a schema: what has the right hash is what was written, and a schema would drop members such as `__proto__`.
 */
export async function getCanonical(blobs: Blobs, hash: string): Promise<CanonicalDocument> {
  const bytes = await blobs.get(canonicalKey(hash));
  if (bytes === undefined) throw new PermanentError("canonical-missing", `no document ${hash}`);
  if (createHash("sha256").update(bytes).digest("hex") !== hash) {
    throw new PermanentError("canonical-damaged", `document ${hash} is not what was written`);
  }
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as CanonicalDocument;
}
