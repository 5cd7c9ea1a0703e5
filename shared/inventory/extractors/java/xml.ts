/** Just enough XML to read the plain text of named elements; linear, no entities but the five, no DTD, no nesting limit needed. */

const entities: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&",
};

/** The text directly in the elements at these paths (`project/licenses/license/name`), in order. */
export function textsOf(xml: string, wanted: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const longest = Math.max(...[...wanted].map((path) => path.split("/").length));
  /** Only as deep as something is wanted; `depth` counts on. */
  const names: string[] = [];
  let depth = 0;
  let at = xml.indexOf("<");
  while (at >= 0) {
    const skipped = endOfMarkup(xml, at);
    if (skipped !== undefined) {
      at = xml.indexOf("<", skipped);
      continue;
    }
    const end = xml.indexOf(">", at);
    if (end < 0) break;
    const next = xml.indexOf("<", end);
    if (xml[at + 1] === "/") {
      depth = Math.max(0, depth - 1);
      if (depth < longest) names.length = Math.min(names.length, depth);
    } else if (xml[end - 1] !== "/") {
      depth++;
      if (depth <= longest) {
        names[depth - 1] = nameOf(xml, at + 1, end);
        names.length = depth;
        const path = names.join("/");
        if (wanted.has(path)) keep(found, path, decoded(xml.slice(end + 1, next < 0 ? xml.length : next)));
      }
    }
    at = next;
  }
  return found;
}

function keep(found: Map<string, string[]>, path: string, value: string): void {
  const values = found.get(path);
  if (values === undefined) found.set(path, [value]);
  else if (values.length < 100) values.push(value);
}

/** Where a comment, CDATA section, declaration or instruction at `at` ends; undefined for a tag. */
function endOfMarkup(xml: string, at: number): number | undefined {
  const close = xml.startsWith("<!--", at)
    ? "-->"
    : xml.startsWith("<![CDATA[", at)
      ? "]]>"
      : xml.startsWith("<?", at)
        ? "?>"
        : xml.startsWith("<!", at)
          ? ">"
          : undefined;
  if (close === undefined) return undefined;
  const end = xml.indexOf(close, at + 2);
  return end < 0 ? xml.length : end + close.length;
}

function nameOf(xml: string, start: number, end: number): string {
  let at = start;
  while (at < end && at < start + 256 && !/[\s/]/.test(xml[at] ?? " ")) at++;
  return xml.slice(start, at);
}

function decoded(value: string): string {
  return value.slice(0, 4096).replace(/&(lt|gt|quot|apos|amp);/g, (one) => entities[one] ?? one);
}
