/** What the readers of all forms share: texts, times and names out of hostile documents. */
import * as z from "zod";
import { PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import { digestPattern } from "../registry/digest.ts";
import type { VexIdentity, VexProblem } from "./types.ts";

/** Longer ones are no identifiers. */
export const idText = z.string().min(1).max(2048);

/** Texts for people are cut, never refused. */
export const prose = z
  .string()
  .transform((text) => cut(text.trim()))
  .transform((text) => (text === "" ? undefined : text));

function cut(text: string): string {
  return text.length > limits.vexTextCharacters ? `${text.slice(0, limits.vexTextCharacters - 1)}…` : text;
}

/** ISO 8601 in UTC; what is no time is none. */
export const time = z
  .unknown()
  .transform((value) => {
    if (typeof value !== "string" || value.length > 64 || !/^\d{4}-\d{2}-\d{2}/.test(value)) return undefined;
    const milliseconds = Date.parse(value);
    return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds).toISOString();
  })
  .optional();

/** A version is a number or a text. */
export const version = z
  .union([z.string().max(256), z.number()])
  .transform(String)
  .optional()
  .catch(undefined);

const named = /(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3})/i;

/** A vulnerability's name, in capitals; out of an address the name in it. */
export function vulnerabilityName(text: string): string {
  const trimmed = text.trim();
  const name = trimmed.includes("/") ? (named.exec(trimmed)?.[0] ?? trimmed) : trimmed;
  return name.toUpperCase();
}

/** The distinct names, without empty ones. */
export function vulnerabilityNames(texts: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(texts.flatMap((text) => (text === undefined ? [] : [vulnerabilityName(text)])))].filter(
    (name) => name !== "",
  );
}

/** `sha256:hex` out of an algorithm's name in any spelling and a hash; `undefined` for other algorithms. */
export function digestOf(algorithm: string, hash: string): string | undefined {
  const digest = `${algorithm.toLowerCase().replace("-", "")}:${hash.toLowerCase()}`;
  return digestPattern.test(digest) ? digest : undefined;
}

/** An identity out of what a document gives: an id (which may be a purl or end with a digest), a purl, digests. */
export function identityOf(
  id: string,
  purls: readonly (string | undefined)[],
  digests: readonly string[],
): VexIdentity {
  const all = [id, ...purls].filter((one): one is string => one !== undefined && /^pkg:/i.test(one));
  const digest = /@(sha256:[a-f0-9]{64})$/.exec(id)?.[1];
  return {
    id,
    purls: [...new Set(all)],
    digests: [...new Set([...digests, ...(digest === undefined || /^pkg:/i.test(id) ? [] : [digest])])],
  };
}

/** Parses the head of a document. Throws `PermanentError("vex-malformed")` with the place. */
export function documentHead<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw malformed(name, issueOf(parsed.error));
  return parsed.data;
}

export function malformed(name: string, what: string): PermanentError {
  return new PermanentError("vex-malformed", `${name.slice(0, 300)} is no VEX document that can be read: ${what}`);
}

/** The first complaint of a schema and its place; never repeats the value. */
export function issueOf(error: z.ZodError): string {
  const [first] = error.issues;
  if (first === undefined) return "malformed";
  const where = first.path.slice(0, 6).join(".").slice(0, 200);
  return `${first.message.slice(0, 200)}${where === "" ? "" : ` at ${where}`}`;
}

/** Collects what is wrong, bounded; the rest is counted. */
export function problemList() {
  const told: VexProblem[] = [];
  let more = 0;
  return {
    add(detail: string, index?: number): void {
      if (told.length < limits.vexProblems) told.push({ ...(index === undefined ? {} : { index }), detail });
      else more++;
    },
    list: (): readonly VexProblem[] =>
      more === 0 ? told : [...told, { detail: `and ${more} more statements that cannot be used` }],
  };
}

/** Counts products and their components. Throws `PermanentError("vex-malformed")` when there are too many. */
export function productBudget(name: string): (count: number) => void {
  let taken = 0;
  return (count) => {
    taken += count;
    if (taken > limits.vexProducts) throw malformed(name, `it names over ${limits.vexProducts} products`);
  };
}
