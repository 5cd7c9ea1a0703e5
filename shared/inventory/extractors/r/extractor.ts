/**
 * Installed R packages: `<library>/<package>/DESCRIPTION`; only installed ones say when they were `Built`.
 * https://cran.r-project.org/doc/manuals/r-release/R-exts.html#The-DESCRIPTION-file
 */
import type { Extractor } from "../../extractor.ts";
import { linesOf, text } from "../../fields.ts";

const validName = /^[A-Za-z][A-Za-z0-9.]*$/;
const validVersion = /^\d+([.-]\d+)+$/;

export const extractor: Extractor = {
  name: "r",
  version: 1,
  kind: "language",
  wants: { basenames: ["DESCRIPTION"], accept: (path) => /[^/]+\/[^/]+\/DESCRIPTION$/.test(path) },
  mode: "buffer",
  maxBytes: 4 * 1024 * 1024,
  oversize: "skip",
  extract({ content }) {
    const fields = fieldsOf(content);
    if (!fields.has("Built")) return {};
    const name = text(fields.get("Package"), 256);
    const version = text(fields.get("Version"), 128);
    if (name === undefined || version === undefined || !validName.test(name) || !validVersion.test(version)) {
      return { partial: [{ reason: "broken-record", detail: "no usable name or version" }] };
    }
    const license = text(fields.get("License"));
    return { packages: [{ type: "cran", name, version, ...(license !== undefined && { licenses: [license] }) }] };
  },
};

const wanted: ReadonlySet<string> = new Set(["Package", "Version", "License", "Built"]);

/** The first line of each wanted field; none of them is ever folded by R. */
function fieldsOf(content: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of linesOf(content)) {
    const colon = line.indexOf(":");
    if (colon <= 0 || colon > 16) continue;
    const name = line.slice(0, colon);
    if (wanted.has(name) && !fields.has(name)) fields.set(name, line.slice(colon + 1));
  }
  return fields;
}
