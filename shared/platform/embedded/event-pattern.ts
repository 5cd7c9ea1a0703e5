/**
 * EventBridge event patterns:
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html, in the behaviour of Event Ruler, the
 * library behind EventBridge (https://github.com/aws/event-ruler):
 * - All fields of a pattern must match; a field matches when any of its values does.
 * - An array in the event stands for each of its elements, nested ones too; an empty one is as if absent.
 * - Fields of one pattern object that meets an array of objects must match within one and the same element.
 * - `exists` speaks of leaves: an object is not one. Absence inside an array of objects means: in none of them.
 * - `$or` makes alternatives only with two or more objects whose fields are not names of comparisons.
 */
import { PermanentError } from "../errors.ts";
import { limits } from "../limits.ts";
import { comparisonNames, compileValue, type ValueTest } from "./event-pattern-values.ts";

/** EventBridge's own limits: pattern size, and the rules that `$or` may expand into. */
const patternBytes = 4096;
const mostAlternatives = 1000;
const mostDepth = 50;

type JsonObject = Readonly<Record<string, unknown>>;

/** A leaf: either must be absent, or at least one of its event values must pass at least one test. */
type Leaf = { readonly absent: true } | { readonly tests: readonly ValueTest[] };
interface Field {
  readonly name: string;
  readonly wanted: Leaf | Conjunction;
}
/** Fields that must all match: a pattern object after `$or` was expanded. */
type Conjunction = readonly Field[];

/**
 * Compiles a pattern into a predicate over parsed envelopes. Throws `PermanentError("bad-pattern")`, naming the
 * place, for whatever EventBridge refuses.
 */
export function compilePattern(pattern: unknown): (envelope: unknown) => boolean {
  const text: string | undefined = JSON.stringify(pattern);
  if (text === undefined || Buffer.byteLength(text) > patternBytes) {
    throw badPattern("", `a pattern is at most ${patternBytes} bytes of JSON`);
  }
  const alternatives = compileObject(JSON.parse(text), "");
  return (envelope) => isObject(envelope) && alternatives.some((fields) => matchesFields(fields, envelope));
}

function compileObject(pattern: unknown, path: string, depth = 0): Conjunction[] {
  if (!isObject(pattern)) throw badPattern(path, "must be an object or an array");
  if (depth > mostDepth) throw badPattern(path, "nested too deeply");
  const entries = Object.entries(pattern);
  if (entries.length === 0) throw badPattern(path, "empty objects are not allowed");
  let alternatives: Conjunction[] = [[]];
  for (const [name, value] of entries) {
    const here = path === "" ? name : `${path}.${name}`;
    const added = isOr(name, value)
      ? value.flatMap((alternative) => compileObject(alternative, path, depth + 1))
      : compileField(value, here, depth).map((wanted): Conjunction => [{ name, wanted }]);
    if (alternatives.length * added.length > mostAlternatives) {
      throw badPattern(here, `more than ${mostAlternatives} combinations of $or`);
    }
    alternatives = alternatives.flatMap((fields) => added.map((more) => [...fields, ...more]));
  }
  return alternatives;
}

function isOr(name: string, value: unknown): value is readonly JsonObject[] {
  return (
    name === "$or" &&
    Array.isArray(value) &&
    value.length >= 2 &&
    value.every((entry) => isObject(entry) && !Object.keys(entry).some((key) => comparisonNames.has(key)))
  );
}

/** The alternatives of one field. Absence and values are different alternatives, because arrays treat them differently. */
function compileField(value: unknown, path: string, depth: number): (Leaf | Conjunction)[] {
  if (!Array.isArray(value)) return compileObject(value, path, depth + 1);
  if (value.length === 0) throw badPattern(path, "empty arrays are not allowed");
  const values = value.map((entry) => compileValue(entry, (message) => badPattern(path, message)));
  const tests = values.filter((entry) => entry !== "absent");
  return [
    ...(tests.length > 0 ? [{ tests }] : []),
    ...(tests.length < values.length ? [{ absent: true } as const] : []),
  ];
}

function matchesFields(fields: Conjunction, object: JsonObject): boolean {
  return fields.every(({ name, wanted }) => {
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    if (isConjunction(wanted)) return matchesNested(wanted, value);
    if ("absent" in wanted) return !someLeaf(value, () => true);
    return someLeaf(value, (leaf) => wanted.tests.some((test) => test(leaf)));
  });
}

/** Arrays nested deeper than `limits.jsonDepth` are as if absent: an event must not exhaust the stack. */
function matchesNested(fields: Conjunction, value: unknown, depth = 0): boolean {
  if (Array.isArray(value) && depth < limits.jsonDepth) {
    return demandsPresence(fields)
      ? value.some((element) => matchesNested(fields, element, depth + 1))
      : value.every((element) => matchesNested(fields, element, depth + 1));
  }
  return isObject(value) ? matchesFields(fields, value) : !demandsPresence(fields);
}

function demandsPresence(fields: Conjunction): boolean {
  return fields.some(({ wanted }) => (isConjunction(wanted) ? demandsPresence(wanted) : "tests" in wanted));
}

/** Whether any leaf passes: a scalar is a leaf, an array stands for its elements, an object has leaves of its own. */
function someLeaf(value: unknown, test: ValueTest, depth = 0): boolean {
  if (value === undefined || depth > limits.jsonDepth) return false;
  if (Array.isArray(value)) return value.some((element) => someLeaf(element, test, depth + 1));
  return !isObject(value) && test(value);
}

function isConjunction(wanted: Leaf | Conjunction): wanted is Conjunction {
  return Array.isArray(wanted);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function badPattern(path: string, message: string): PermanentError {
  return new PermanentError("bad-pattern", path === "" ? message : `${path}: ${message}`);
}
