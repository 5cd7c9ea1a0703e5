/**
 * What every adapter refuses before it touches its store, so that embedded and AWS refuse the same things with the
 * same codes. All functions throw `PermanentError`: the same call would fail the same way again.
 */
import { PermanentError } from "./errors.ts";
import { limits } from "./limits.ts";
import { type Key, transactionLimit, type Write } from "./ports.ts";

/** Both parts well-formed Unicode, not empty, at most `limits.keyBytes` of UTF-8. Throws `bad-key`. */
export function checkKey(key: Key): void {
  for (const part of [key.pk, key.sk]) {
    if (part === "" || !part.isWellFormed() || Buffer.byteLength(part) > limits.keyBytes) {
      throw new PermanentError("bad-key", `a table key is empty, not Unicode or over ${limits.keyBytes} bytes`);
    }
  }
}

/** The JSON of an item's data. Throws `bad-data` when there is none, `item-too-large` over `limits.itemBytes`. */
export function itemText(data: unknown): string {
  return boundedJson(data, limits.itemBytes, "item-too-large", "an item");
}

/** The JSON of a queue message. Throws `bad-data`, or `message-too-large` over `limits.messageBytes`. */
export function messageText(body: unknown): string {
  return boundedJson(body, limits.messageBytes, "message-too-large", "a queue message");
}

/** The JSON of an event envelope. Throws `bad-data`, or `event-too-large` over `limits.eventBytes`. */
export function eventText(envelope: unknown): string {
  return boundedJson(envelope, limits.eventBytes, "event-too-large", "an event");
}

function boundedJson(value: unknown, most: number, code: string, what: string): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new PermanentError("bad-data", `${what} holds nothing that JSON can say`);
  const bytes = Buffer.byteLength(text);
  if (bytes > most) throw new PermanentError(code, `${what} of ${bytes} bytes is over the limit of ${most}`);
  return text;
}

/**
 * The rules of a transaction: at most `transactionLimit` writes and `limits.transactionBytes` of data
 * (`transaction-too-large`), distinct keys (`duplicate-key`), and each key and item by its own rules.
 */
export function checkTransaction(writes: readonly Write[]): void {
  if (writes.length > transactionLimit) {
    throw new PermanentError(
      "transaction-too-large",
      `a transaction of ${writes.length} writes, over ${transactionLimit}`,
    );
  }
  const seen = new Set<string>();
  let bytes = 0;
  for (const write of writes) {
    const key = keyOf(write);
    checkKey(key);
    const identity = JSON.stringify([key.pk, key.sk]);
    if (seen.has(identity)) throw new PermanentError("duplicate-key", "a transaction writes one key twice");
    seen.add(identity);
    if ("put" in write) bytes += Buffer.byteLength(itemText(write.put.data));
  }
  if (bytes > limits.transactionBytes) {
    throw new PermanentError(
      "transaction-too-large",
      `a transaction of ${bytes} bytes, over ${limits.transactionBytes}`,
    );
  }
}

/** The key that a write of a transaction is about. */
export function keyOf(write: Write): Key {
  if ("put" in write) return write.put;
  return "remove" in write ? write.remove : write.check;
}

/**
 * A blob key: segments of `[A-Za-z0-9._:@+-]` joined by `/`, none empty, `.` or `..`, at most `limits.blobKeyBytes`.
 * Throws `bad-key`.
 */
export function checkBlobKey(key: string): void {
  const sound =
    key.length <= limits.blobKeyBytes &&
    key.split("/").every((segment) => /^[A-Za-z0-9._:@+-]+$/.test(segment) && segment !== "." && segment !== "..");
  if (!sound) throw new PermanentError("bad-key", "a blob key has a segment or character that is not allowed");
}

/** The name of a secret: one file name of `[A-Za-z0-9._+=@-]`, at most 128 long. Throws `bad-secret-name`. */
export function checkSecretName(name: string): void {
  if (!/^[A-Za-z0-9_+=@-][A-Za-z0-9._+=@-]{0,127}$/.test(name)) {
    throw new PermanentError("bad-secret-name", "a secret's name is at most 128 of A-Z a-z 0-9 . _ + = @ -");
  }
}

const isoUtc = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9})\d*)?)?Z$/;

/**
 * A source time (ISO 8601 UTC) in the one form whose text order is time order: `…:00Z` and `…:00.5Z` compare
 * wrongly as they stand ("." sorts before "Z"). Nanoseconds are kept. Throws `bad-time`.
 */
export function sortableTime(iso: string): string {
  const [, minutes, seconds, fraction] = isoUtc.exec(iso) ?? [];
  if (minutes === undefined) throw new PermanentError("bad-time", "a source time is not ISO 8601 in UTC");
  return `${minutes}:${seconds ?? "00"}.${(fraction ?? "").padEnd(9, "0")}Z`;
}
