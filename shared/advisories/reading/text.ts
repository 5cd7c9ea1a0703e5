/** Texts of publishers, as they are kept: bounded, without control characters, never cut through a character. */
import { limits } from "../../platform/limits.ts";

const summaryLength = 200;

/** One line of at most 200 characters. */
export function oneLine(text: string): string {
  const line = text
    .slice(0, 2000)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return cutAt(line, summaryLength);
}

/** Several lines, of at most `limits.advisoryDescription` characters. */
export function paragraph(text: string): string {
  return cutAt(text.replace(/[^\P{Cc}\n]+/gu, " ").trim(), limits.advisoryDescription);
}

function cutAt(text: string, most: number): string {
  if (text.length <= most) return text;
  // Not through the middle of a surrogate pair.
  return `${text
    .slice(0, most - 1)
    .replace(/[\ud800-\udbff]$/, "")
    .trimEnd()}…`;
}
