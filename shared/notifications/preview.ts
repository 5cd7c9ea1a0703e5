/** Messages as a terminal shows them, 80 columns wide: for the demo and for looking at a route before using it. */
import type { Mail } from "../platform/ports.ts";
import { plain, printable } from "./text.ts";

const width = 80;
const inner = width - 4;

/** Block Kit blocks as text in a frame. Takes what a receiver of Slack's posts got; blocks it does not know are named. */
export function previewSlack(blocks: unknown): string {
  const all = Array.isArray(blocks) ? blocks : [];
  return frame("Slack", all.flatMap(blockLines));
}

/** A mail's headers and text part in a frame. */
export function previewMail(mail: Mail): string {
  const headers = [`From:    ${mail.from}`, `To:      ${mail.to.join(", ")}`, `Subject: ${mail.subject}`];
  return frame("Email", [
    ...headers.flatMap((line) => wrap(printable(line), 9)),
    rule,
    ...mail.text
      .trimEnd()
      .split("\n")
      .flatMap((line) => wrap(line)),
  ]);
}

const rule = "─".repeat(inner);

function frame(name: string, lines: readonly string[]): string {
  const body = lines.map((line) => `│ ${line}${" ".repeat(Math.max(0, inner - columns(line)))} │`);
  return [`┌─ ${name} ${"─".repeat(width - name.length - 5)}┐`, ...body, `└${"─".repeat(width - 2)}┘`].join("\n");
}

function blockLines(block: unknown): readonly string[] {
  const { type, text, fields, elements } = record(block);
  switch (type) {
    case "header":
      return [...wrap(literal(textOf(text))), "═".repeat(inner)];
    case "section":
      return Array.isArray(fields) ? fields.flatMap(fieldLines) : mrkdwnLines(textOf(text));
    case "context":
      return Array.isArray(elements) ? elements.flatMap((element) => mrkdwnLines(textOf(element))) : [];
    case "divider":
      return [rule];
    default:
      return [`(${literal(String(type))})`];
  }
}

/** `*Label*\nvalue` on one line. */
function fieldLines(field: unknown): readonly string[] {
  const [label = "", ...value] = textOf(field).split("\n");
  return wrap(`${`${unmark(label)}:`.padEnd(15)} ${unmark(value.join(" "))}`, 16);
}

function mrkdwnLines(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => wrap(unmark(line), 3));
}

/** mrkdwn without its markup: links as their label, entities as what they stand for. */
function unmark(text: string): string {
  const bare = text
    .replace(/<[^<>|]*\|([^<>]*)>/g, "$1")
    .replace(/(^|\s)[*_]([^*]*?)[*_](?=$|\s)/g, "$1$2")
    .replaceAll("`", "");
  return literal(bare.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"));
}

/** Nothing that a terminal would obey. */
function literal(text: string): string {
  return plain(text, 10_000);
}

/** Lines of at most the inner width, broken at spaces, continued with an indent. */
function wrap(text: string, indent = 2): readonly string[] {
  const lines: string[] = [];
  let rest = text.replace(/\s+$/, "");
  const start = /^ */.exec(rest)?.[0].length ?? 0;
  const margin = " ".repeat(Math.min(start + indent, 20));
  while (columns(rest) > inner) {
    let end = rest.length;
    while (columns(rest.slice(0, end)) > inner) end--;
    const space = rest.lastIndexOf(" ", end);
    const at = space > margin.length + 10 ? space : end;
    lines.push(rest.slice(0, at).trimEnd());
    rest = margin + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** Terminal columns: pictographs and East Asian wide characters take two, combining marks and selectors none. */
function columns(text: string): number {
  let sum = 0;
  for (const character of text) {
    if (/[\p{Mn}\p{Me}]/u.test(character)) continue;
    sum +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f000}-\u{1faff}]|⚪|⚫/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return sum;
}

function textOf(value: unknown): string {
  const { text } = record(value);
  return typeof text === "string" ? text.slice(0, 10_000) : "";
}

function record(value: unknown): { readonly [field in "type" | "text" | "fields" | "elements"]?: unknown } {
  return typeof value === "object" && value !== null ? value : {};
}
