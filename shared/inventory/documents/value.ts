/** What a document's reader gives (objects, arrays, texts, numbers, booleans), looked into without trusting its shape. */
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";

/** Of a thing that a document reader gave; also those of its own that bear the name of an inherited one. */
export function member(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return Reflect.get(value, key);
}

/** The members of an object; none of anything else. */
export function membersOf(value: unknown): readonly (readonly [key: string, value: unknown])[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** YAML and TOML values are not typed here: `true` is a text there. */
export function isTrue(value: unknown): boolean {
  return value === true || value === "true";
}

/** An object without inherited members, to be filled from a document. */
export function emptyObject(): Record<string, unknown> {
  return Object.create(null);
}

/** Counts a document's values. Throws `PermanentError` `broken-document` at one too many. */
export function createValueCounter(): () => void {
  let count = 0;
  return () => {
    if (++count > limits.documentValues) throw brokenDocument(`more than ${limits.documentValues} values`);
  };
}

/** What cannot be read; `line` from 1. */
export function brokenDocument(detail: string, line?: number): PermanentError {
  return new PermanentError("broken-document", line === undefined ? detail : `line ${line}: ${detail}`);
}
