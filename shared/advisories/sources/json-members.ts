/**
 * The members of one large JSON object or array, one after the other, without parsing (or holding) the whole: RFC 8259.
 * Only the containers that lead to the members are read; a member's own text is found by its brackets and strings and
 * is for its reader to parse.
 */
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";

export interface JsonMember {
  /** Of an object's member; absent in arrays. */
  readonly key?: string;
  /** Its JSON text; `undefined` when that is larger than allowed. */
  readonly bytes: Buffer | undefined;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openingBracket = 0x5b;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

const longestKey = 4096;

/** What comes next, between values. */
type Place = "value" | "first-value" | "key" | "first-key" | "colon" | "after" | "end";
/** What the scanner is inside of. */
type Inside = "nothing" | "key" | "string" | "nested" | "scalar";

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Bytes that a nested value's scan stops at. */
const stops = new Uint8Array(256);
for (const byte of [quote, openingBracket, closingBracket, openingBrace, closingBrace]) stops[byte] = 1;
/** Bytes that end a number or a word. */
const ends = new Uint8Array(256);
for (const byte of [0x20, 0x0a, 0x0d, 0x09, comma, closingBracket, closingBrace]) ends[byte] = 1;

/**
 * The members of the container that `path` leads to from the root (`[]`: the root itself), in their order; none when
 * there is no such container. Throws `PermanentError("advisory-file-broken")` for what is cut off or not JSON as far as
 * it was looked at, and what the stream throws.
 */
export async function* jsonMembers(
  chunks: AsyncIterable<Uint8Array>,
  path: readonly string[] = [],
  most: number = limits.advisoryRecordBytes,
): AsyncGenerator<JsonMember> {
  const scanner = createScanner(path, most);
  for await (const chunk of chunks) {
    yield* scanner.scan(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
  scanner.finish();
}

/** The same, of text that is in memory. */
export function jsonMembersOf(bytes: Buffer, path: readonly string[] = []): readonly JsonMember[] {
  const scanner = createScanner(path, bytes.length);
  const members = scanner.scan(bytes);
  scanner.finish();
  return members;
}

function createScanner(path: readonly string[], most: number) {
  /** The containers that are open and lead to the members: `true` for arrays. */
  const open: boolean[] = [];
  let place: Place = "value";
  let inside: Inside = "nothing";
  /** Of a nested value: brackets that are open in it. */
  let depth = 0;
  let inString = false;
  /** A backslash was the last byte of the chunk before. */
  let escaped = false;
  let key: string | undefined;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let tooLarge = false;

  const isMember = () => open.length === path.length + 1;
  const isOnPath = () =>
    open.length <= path.length && (open.length === 0 || (open.at(-1) === false && key === path[open.length - 1]));

  const hold = (part: Buffer) => {
    if (inside !== "key" && !isMember()) return;
    heldBytes += part.length;
    if (heldBytes > (inside === "key" ? longestKey : most)) {
      if (inside === "key") throw broken("a member's name is too long");
      tooLarge = true;
      held = [];
    } else if (!tooLarge) {
      held.push(part);
    }
  };
  const take = (): Buffer | undefined => {
    const bytes = tooLarge ? undefined : held.length === 1 ? held[0] : Buffer.concat(held);
    held = [];
    heldBytes = 0;
    tooLarge = false;
    return bytes;
  };
  const endValue = (members: JsonMember[]) => {
    inside = "nothing";
    if (isMember()) members.push({ ...(open.at(-1) === false && key !== undefined && { key }), bytes: take() });
    place = open.length === 0 ? "end" : "after";
  };
  const enter = (isArray: boolean) => {
    open.push(isArray);
    place = isArray ? "first-value" : "first-key";
  };
  const leave = () => {
    open.pop();
    place = open.length === 0 ? "end" : "after";
  };

  /** The byte at which a value begins; whether it belongs to the value (and is not a container on the path). */
  const beginValue = (byte: number): boolean => {
    const isContainer = byte === openingBrace || byte === openingBracket;
    if (isContainer && isOnPath()) {
      enter(byte === openingBracket);
      return false;
    }
    depth = 0;
    inString = false;
    inside = isContainer ? "nested" : byte === quote ? "string" : "scalar";
    if (inside === "scalar" && !/[-0-9a-z]/.test(String.fromCharCode(byte))) throw broken("a value is missing");
    return true;
  };

  /** A byte between values. True: a value or key begins with it. */
  const between = (byte: number): boolean => {
    switch (place) {
      case "first-value":
      case "value":
        if (byte === closingBracket && place === "first-value") {
          leave();
          return false;
        }
        return beginValue(byte);
      case "first-key":
      case "key":
        if (byte === closingBrace && place === "first-key") {
          leave();
          return false;
        }
        if (byte !== quote) throw broken("a member has no name");
        inside = "key";
        return true;
      case "colon":
        if (byte !== colon) throw broken("a member has no value");
        place = "value";
        return false;
      case "after":
        if (byte === comma) place = open.at(-1) === true ? "value" : "key";
        else if (byte === (open.at(-1) === true ? closingBracket : closingBrace)) leave();
        else throw broken("members are not separated");
        return false;
      case "end":
        throw broken("something follows its end");
    }
  };

  /** Where, at or after `at`, the string that is open ends: the place after its quote, -1 when it goes on. */
  const stringEnd = (chunk: Buffer, at: number): number => {
    let from = at;
    if (escaped && from < chunk.length) {
      escaped = false;
      from++;
    }
    for (;;) {
      const end = chunk.indexOf(quote, from);
      const stop = end < 0 ? chunk.length : end;
      let slashes = 0;
      while (stop - slashes > from && chunk[stop - slashes - 1] === backslash) slashes++;
      if (end < 0) {
        escaped = slashes % 2 === 1;
        return -1;
      }
      if (slashes % 2 === 0) return end + 1;
      from = end + 1;
    }
  };

  /** Where, at or after `at`, the value that is open ends, -1 when it goes on. */
  const valueEnd = (chunk: Buffer, at: number): number => {
    if (inside === "string" || inside === "key") return stringEnd(chunk, at);
    let index = at;
    if (inside === "scalar") {
      while (index < chunk.length && ends[chunk[index] ?? 0] === 0) index++;
      return index < chunk.length ? index : -1;
    }
    for (;;) {
      if (inString) {
        index = stringEnd(chunk, index);
        if (index < 0) return -1;
        inString = false;
      }
      while (index < chunk.length && stops[chunk[index] ?? 0] === 0) index++;
      if (index === chunk.length) return -1;
      const byte = chunk[index++];
      if (byte === quote) inString = true;
      else if (byte === openingBrace || byte === openingBracket) depth++;
      else if (--depth === 0) return index;
    }
  };

  return {
    scan(chunk: Buffer): readonly JsonMember[] {
      const members: JsonMember[] = [];
      let at = 0;
      while (at < chunk.length) {
        let search = at;
        if (inside === "nothing") {
          const byte = chunk[at] ?? 0;
          if (isSpace(byte) || !between(byte)) {
            at++;
            continue;
          }
          // The quote that opens a string or key; a nested value's bracket is counted by the search itself.
          search = chunk[at] === quote ? at + 1 : at;
        }
        const end = valueEnd(chunk, search);
        hold(chunk.subarray(at, end < 0 ? chunk.length : end));
        if (end < 0) break;
        at = end;
        if (inside === "key") {
          inside = "nothing";
          key = readKey(take());
          place = "colon";
        } else endValue(members);
      }
      return members;
    },
    finish(): void {
      // A number may be the whole document.
      if (inside === "scalar" && open.length === 0) return;
      if (place !== "end") throw broken("it is cut off");
    },
  };
}

function readKey(bytes: Buffer | undefined): string {
  try {
    return String(JSON.parse(bytes?.toString("utf8") ?? ""));
  } catch (error) {
    throw broken("a member's name is not a string", error);
  }
}

function broken(why: string, cause?: unknown): PermanentError {
  return new PermanentError("advisory-file-broken", `not JSON: ${why}`, { cause });
}
