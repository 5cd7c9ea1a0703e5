/**
 * Elements of a huge XML document: https://www.w3.org/TR/xml/. The document is cut at the elements that are wanted,
 * and each of them is parsed on its own, so that one that is broken spoils no other and memory does not grow with the
 * document. No entity is expanded but the five of XML itself, and a document type declaration is refused.
 */
import { SaxesParser } from "saxes";
import { messageOf, PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";

/** An element; names are without their namespace prefix. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All text directly inside it, trimmed. */
  readonly text: string;
}

/** Longer than any tag, comment or CDATA section of an advisory. */
const longestToken = 1 << 20;
const deepest = 64;

const less = 0x3c;
const greater = 0x3e;
const slash = 0x2f;
const doubleQuote = 0x22;
const singleQuote = 0x27;

/** Constructs that hide `<` and `>`, and what ends them. */
const sections: readonly (readonly [start: string, end: string])[] = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
];

/** Where the markup that begins at `start` ends; -1 when the bytes do not say yet. */
function endOfMarkup(bytes: Buffer, start: number): number {
  const next = bytes[start + 1];
  if (next === undefined) return -1;
  if (next === 0x21 || next === 0x3f) return endOfSection(bytes, start);
  let quote = 0;
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (quote !== 0) quote = byte === quote ? 0 : quote;
    else if (byte === greater) return at + 1;
    else if (byte === doubleQuote || byte === singleQuote) quote = byte;
  }
  return -1;
}

function endOfSection(bytes: Buffer, start: number): number {
  for (const [opening, closing] of sections) {
    if (!bytes.subarray(start, start + opening.length).equals(Buffer.from(opening))) continue;
    const end = bytes.indexOf(closing, start + opening.length, "latin1");
    return end < 0 ? -1 : end + closing.length;
  }
  if (bytes.length - start < "<![CDATA[".length) return -1;
  throw broken("it declares a document type, or is not XML");
}

/** The name of the tag at `start`, with its prefix: nothing in it can be a quote. */
function nameAt(bytes: Buffer, start: number): string {
  let end = start;
  while (end < bytes.length && end - start < 256) {
    const byte = bytes[end];
    if (byte === undefined || byte <= 0x20 || byte === greater || byte === slash) break;
    end++;
  }
  return bytes.toString("latin1", start, end);
}

/**
 * The elements of these names, as they stand in the document, none of them inside another of them; `undefined` for
 * one that is larger than `most` bytes. Throws `PermanentError("advisory-file-broken")` for what is not XML in UTF-8,
 * or is cut off.
 */
export async function* xmlElements(
  chunks: AsyncIterable<Uint8Array>,
  wanted: ReadonlySet<string>,
  most: number = limits.advisoryRecordBytes,
): AsyncGenerator<Buffer | undefined> {
  const cutter = createCutter(wanted, most);
  for await (const chunk of chunks) {
    yield* cutter.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
  cutter.end();
}

function createCutter(wanted: ReadonlySet<string>, most: number) {
  let rest: Buffer = Buffer.alloc(0);
  /** The element under way, elements of its name inside it, and its bytes as far as they are known. */
  let open: string | undefined;
  let depth = 0;
  let parts: Buffer[] = [];
  let size = 0;
  let seen = false;

  const keep = (part: Buffer) => {
    size += part.length;
    if (size > most) parts = [];
    else parts.push(part);
  };
  /** Follows one tag; whether it ends the element under way. */
  const follow = (bytes: Buffer, start: number, end: number): boolean => {
    const closing = bytes[start + 1] === slash;
    const name = nameAt(bytes, start + (closing ? 2 : 1));
    const empty = bytes[end - 2] === slash;
    seen = true;
    if (open === undefined) {
      if (closing || !wanted.has(name)) return false;
      open = name;
      depth = 0;
    }
    if (name !== open) return false;
    if (!empty) depth += closing ? -1 : 1;
    return depth === 0;
  };
  return {
    *take(chunk: Buffer): Generator<Buffer | undefined> {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      let kept = 0;
      for (;;) {
        const start = bytes.indexOf(less, at);
        if (start < 0) {
          at = bytes.length;
          break;
        }
        const end = endOfMarkup(bytes, start);
        at = start;
        if (end < 0) break;
        const before = open;
        const ended = isTag(bytes, start) && follow(bytes, start, end);
        if (before === undefined && open !== undefined) kept = start;
        at = end;
        if (!ended) continue;
        keep(bytes.subarray(kept, end));
        yield size > most ? undefined : Buffer.concat(parts, size);
        open = undefined;
        parts = [];
        size = 0;
      }
      if (open !== undefined) keep(bytes.subarray(kept, at));
      // A copy: the chunk may be of a buffer that its source uses again.
      rest = Buffer.from(bytes.subarray(at));
      if (rest.length > longestToken) throw broken(`markup of more than ${longestToken} bytes`);
    },
    end() {
      if (!seen) throw broken("it has no elements");
      if (open !== undefined || rest.length > 0) throw broken("it is cut off");
    },
  };
}

function isTag(bytes: Buffer, start: number): boolean {
  const next = bytes[start + 1];
  return next !== 0x21 && next !== 0x3f;
}

function broken(why: string): PermanentError {
  return new PermanentError("advisory-file-broken", `the XML cannot be read: ${why}`);
}

const plain = (name: string) => name.slice(name.indexOf(":") + 1);

interface Growing {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

/**
 * Parses one element with all that is in it. Throws `PermanentError("advisory-malformed")` for what is not
 * well-formed or nested more than 64 levels deep.
 */
export function parseXml(bytes: Buffer): XmlElement {
  const parser = new SaxesParser({ xmlns: false, fragment: false, position: false });
  const stack: Growing[] = [];
  let root: XmlElement | undefined;
  const addText = (text: string) => {
    const top = stack.at(-1);
    if (top !== undefined) top.text += text;
  };
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("doctype", () => {
    throw new Error("a document type declaration");
  });
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("opentag", ({ name, attributes }) => {
    if (stack.length >= deepest) throw new Error(`nested more than ${deepest} levels deep`);
    const entries = Object.entries(attributes).map(([key, value]) => [plain(key), value] as const);
    stack.push({ name: plain(name), attributes: Object.fromEntries(entries), children: [], text: "" });
  });
  parser.on("closetag", () => {
    const done = stack.pop();
    if (done === undefined) return;
    const element: XmlElement = { ...done, text: done.text.trim() };
    const parent = stack.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
  });
  try {
    parser.write(bytes.toString("utf8")).close();
  } catch (error) {
    throw new PermanentError("advisory-malformed", `not well-formed XML: ${messageOf(error)}`, { cause: error });
  }
  if (root === undefined) throw new PermanentError("advisory-malformed", "no XML element");
  return root;
}

/** The first child of that name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((candidate) => candidate.name === name);
}

/** Every element of that name below, at any depth, in document order. */
export function* descendants(element: XmlElement, name: string): Generator<XmlElement> {
  for (const inner of element.children) {
    if (inner.name === name) yield inner;
    yield* descendants(inner, name);
  }
}
