/**
 * What PHP's `serialize` writes, as far as data goes: null, booleans, numbers, strings and arrays (given as objects, by
 * key). https://www.php.net/manual/en/function.serialize.php. Objects and references are refused.
 */
import { limits } from "../../platform/limits.ts";
import { brokenDocument, createValueCounter, emptyObject } from "./value.ts";

/** Throws `PermanentError` `broken-document`. */
export function parsePhpSerialized(bytes: Buffer): unknown {
  const countValue = createValueCounter();
  let at = 0;

  /** The text up to a mark, which is passed. Only numbers are written so: they are short. */
  function until(mark: string): string {
    const end = bytes.indexOf(mark, at, "latin1");
    if (end < 0 || end - at > 40) throw brokenDocument(`no value at byte ${at}`);
    const found = bytes.toString("latin1", at, end);
    at = end + mark.length;
    return found;
  }
  function count(mark: string): number {
    const found = until(mark);
    if (!/^\d{1,9}$/.test(found)) throw brokenDocument(`no length before byte ${at}`);
    return Number(found);
  }
  function expectText(expected: string): void {
    if (bytes.toString("latin1", at, at + expected.length) !== expected) throw brokenDocument(`no value at byte ${at}`);
    at += expected.length;
  }
  function string(): string {
    const length = count(':"');
    const found = bytes.toString("utf8", at, at + length);
    at += length;
    expectText('";');
    return found;
  }
  function array(depth: number): Record<string, unknown> {
    const members = count(":{");
    const found = emptyObject();
    for (let index = 0; index < members; index++) {
      const key = value(depth + 1);
      if (typeof key !== "string" && typeof key !== "number") throw brokenDocument(`no key before byte ${at}`);
      found[key] = value(depth + 1);
    }
    expectText("}");
    return found;
  }
  function value(depth: number): unknown {
    countValue();
    if (depth > limits.documentDepth) throw brokenDocument(`nested deeper than ${limits.documentDepth}`);
    const kind = bytes.toString("latin1", at, at + 2);
    at += 2;
    if (kind === "N;") return null;
    if (kind === "b:") return until(";") === "1";
    if (kind === "i:" || kind === "d:") return Number(until(";"));
    if (kind === "s:") return string();
    if (kind === "a:") return array(depth);
    throw brokenDocument(`no value at byte ${at - 2}`);
  }
  return value(0);
}
