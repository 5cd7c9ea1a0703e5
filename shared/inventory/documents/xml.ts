/**
 * XML 1.0 as far as project files use it: elements, texts, CDATA, references to characters. Document types, which can
 * declare entities that unfold without end or lead to other files, are refused.
 */
import { limits } from "../../platform/limits.ts";
import { brokenDocument, createValueCounter } from "./value.ts";

export interface XmlElement {
  /** Without its namespace's prefix. */
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Of the element itself, trimmed. */
  readonly text: string;
  /** Its opening tag, for `attributeOf`. */
  readonly tag: string;
}

interface Open {
  readonly name: string;
  readonly tag: string;
  readonly children: XmlElement[];
  readonly parts: string[];
}

/** The root element. Throws `PermanentError` `broken-document`. */
export function parseXml(text: string): XmlElement {
  const root: Open = { name: "", tag: "", children: [], parts: [] };
  const open: Open[] = [root];
  const countElement = createValueCounter();
  let at = 0;
  function until(what: string, from: number): number {
    const end = text.indexOf(what, from);
    if (end < 0) throw brokenDocument("it breaks off");
    return end;
  }
  function close(name: string): void {
    const one = open.pop();
    if (one === undefined || one.name !== name || open.length === 0)
      throw brokenDocument(`<${name.slice(0, 60)}> is not closed in turn`);
    open.at(-1)?.children.push({ name, children: one.children, text: one.parts.join("").trim(), tag: one.tag });
  }
  while (at < text.length) {
    const start = text.indexOf("<", at);
    const end = start < 0 ? text.length : start;
    if (end > at) open.at(-1)?.parts.push(decoded(text.slice(at, end)));
    if (start < 0) break;
    if (text.startsWith("<!--", start)) at = until("-->", start + 4) + 3;
    else if (text.startsWith("<?", start)) at = until("?>", start) + 2;
    else if (text.startsWith("<![CDATA[", start)) {
      at = until("]]>", start) + 3;
      open.at(-1)?.parts.push(text.slice(start + 9, at - 3));
    } else if (text.startsWith("<!", start)) throw brokenDocument("document types are not read");
    else {
      at = endOfTag(text, start);
      const name = nameIn(text, start, at);
      if (text[start + 1] === "/") close(name);
      else {
        countElement();
        if (open.push({ name, tag: text.slice(start, at), children: [], parts: [] }) > limits.documentDepth) {
          throw brokenDocument(`nested deeper than ${limits.documentDepth}`);
        }
        if (text[at - 2] === "/") close(name);
      }
    }
  }
  const [first] = root.children;
  if (open.length > 1 || first === undefined) throw brokenDocument("it has no root element, or breaks off");
  return first;
}

/** Behind the tag that begins at `start`; attribute values may hold `>`. */
function endOfTag(text: string, start: number): number {
  let quote = "";
  for (let at = start + 1; at < text.length; at++) {
    const one = text[at] ?? "";
    if (quote !== "") {
      if (one === quote) quote = "";
    } else if (one === '"' || one === "'") quote = one;
    else if (one === ">") return at + 1;
    else if (one === "<") break;
  }
  throw brokenDocument("a tag is not closed");
}

function nameIn(text: string, start: number, end: number): string {
  const name = /^<\/?([^\s/>]{1,200})/.exec(text.slice(start, Math.min(end, start + 210)))?.[1];
  if (name === undefined) throw brokenDocument("a tag without a name");
  return name.slice(name.indexOf(":") + 1);
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-z]{1,10}));/g, (all, hex, decimal, name) => {
    if (typeof name === "string") return entities[name] ?? all;
    const code = hex === undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
    return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
  });
}

/** The first child element of this name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name);
}

function lastWord(text: string): string {
  let at = text.length;
  while (at > 0 && !" \t\r\n".includes(text[at - 1] ?? "")) at--;
  return text.slice(at);
}

/** The value of an attribute, by its name with prefix. */
export function attributeOf({ tag }: XmlElement, name: string): string | undefined {
  let at = 0;
  for (let equals = tag.indexOf("="); equals >= 0; equals = tag.indexOf("=", at)) {
    let start = equals + 1;
    while (start < tag.length && " \t\r\n".includes(tag[start] ?? "")) start++;
    const end = tag.indexOf(tag[start] ?? "", start + 1);
    if (end < 0) return undefined;
    const before = tag.slice(at, equals).trimEnd();
    if (lastWord(before) === name) return decoded(tag.slice(start + 1, end));
    at = end + 1;
  }
  return undefined;
}
