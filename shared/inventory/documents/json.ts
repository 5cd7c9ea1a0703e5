/** JSON (RFC 8259) of bounded depth; and with comments and trailing commas, as Bun writes its lock file. */
import { limits } from "../../platform/limits.ts";
import { brokenDocument, createValueCounter } from "./value.ts";

/** Throws `PermanentError` `broken-document`. */
export function parseJson(text: string): unknown {
  const json = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  // Millions of empty files: an error of JSON.parse costs memory that only a full collection gives back.
  if (json === "") throw brokenDocument("Unexpected end of JSON input");
  checkStructure(json);
  try {
    return JSON.parse(json);
  } catch (thrown) {
    throw brokenDocument(thrown instanceof Error ? thrown.message.slice(0, 200) : "no JSON");
  }
}

/** Also takes comments and commas before a closing bracket. Throws `PermanentError` `broken-document`. */
export function parseJsonWithComments(text: string): unknown {
  const parts: string[] = [];
  /** Where what is not yet in `parts` begins. */
  let start = 0;
  let comma = -1;
  for (let at = 0; at < text.length; at++) {
    const one = text[at] ?? "";
    if (" \t\r\n".includes(one)) continue;
    const comment = one === "/" ? endOfComment(text, at) : at;
    if (comment > at) {
      parts.push(text.slice(start, at));
      start = comment;
      at = comment - 1;
      continue;
    }
    if ((one === "]" || one === "}") && comma >= start) {
      parts.push(text.slice(start, comma));
      start = comma + 1;
    }
    comma = one === "," ? at : -1;
    if (one === '"') at = endOfString(text, at);
  }
  parts.push(text.slice(start));
  return parseJson(parts.join(""));
}

/** Where the comment that begins at `at` is over; `at` when none begins there. */
function endOfComment(text: string, at: number): number {
  if (text[at + 1] === "/") return indexOrEnd(text, "\n", at, 0);
  return text[at + 1] === "*" ? indexOrEnd(text, "*/", at + 2, 2) : at;
}

function indexOrEnd(text: string, what: string, from: number, length: number): number {
  const at = text.indexOf(what, from);
  return at < 0 ? text.length : at + length;
}

/** Counts brackets and values outside of strings before anything is built. */
function checkStructure(json: string): void {
  const countValue = createValueCounter();
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x22) at = endOfString(json, at);
    else if (code === 0x2c) countValue();
    else if (code === 0x5b || code === 0x7b) {
      countValue();
      if (++depth > limits.documentDepth) throw brokenDocument(`nested deeper than ${limits.documentDepth}`);
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
}

/** Where the string that begins at `at` ends. */
function endOfString(json: string, at: number): number {
  for (let end = at + 1; end < json.length; end++) {
    const code = json.charCodeAt(end);
    if (code === 0x5c) end++;
    else if (code === 0x22) return end;
  }
  return json.length;
}
