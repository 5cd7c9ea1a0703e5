/** Paragraphs of fields, as Debian's control files and those of opkg have them: deb822(5). */
import { linesOf } from "./fields.ts";

/**
 * The wanted fields (lower case) of each paragraph that has any field; empty ones are left out. Continuation lines
 * belong to fields that nobody wants, and are passed over.
 */
export function* paragraphsOf(content: Buffer, wanted: ReadonlySet<string>): Generator<ReadonlyMap<string, string>> {
  let fields = new Map<string, string>();
  for (const line of linesOf(content)) {
    if (line.trim() === "") {
      if (fields.size > 0) yield fields;
      fields = new Map();
      continue;
    }
    const colon = line.indexOf(":");
    if (colon <= 0 || line.startsWith(" ") || line.startsWith("\t")) continue;
    const name = line.slice(0, colon).toLowerCase();
    if (wanted.has(name)) fields.set(name, line.slice(colon + 1));
  }
  if (fields.size > 0) yield fields;
}
