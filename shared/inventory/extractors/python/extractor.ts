/**
 * Installed Python distributions: `*.dist-info/METADATA` (PEP 376, core metadata), `*.egg-info/PKG-INFO` and
 * `*.egg-info` files. https://packaging.python.org/en/latest/specifications/core-metadata/
 */
import type { Extractor } from "../../extractor.ts";
import { text } from "../../fields.ts";

/** PEP 508. */
const validName = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

export const extractor: Extractor = {
  name: "python",
  version: 1,
  kind: "language",
  wants: {
    basenames: ["METADATA", "PKG-INFO"],
    suffixes: [".egg-info"],
    accept: (path) => /(\.dist-info\/METADATA|\.egg-info\/PKG-INFO|\.egg-info)$/.test(path),
  },
  mode: "buffer",
  maxBytes: 8 * 1024 * 1024,
  extract(file) {
    const headers = readHeaders(file.content.toString("utf8"));
    const name = text(headers.get("name"));
    const version = text(headers.get("version"));
    if (name === undefined || version === undefined || !validName.test(name)) {
      return { partial: [{ reason: "broken-record", detail: "no usable name or version" }] };
    }
    const license = text(headers.get("license-expression")) ?? text(headers.get("license"));
    const named = license !== undefined && license.toUpperCase() !== "UNKNOWN";
    return { packages: [{ type: "pypi", name, version, ...(named && { licenses: [license] }) }] };
  },
};

const wantedHeaders = new Set(["name", "version", "license", "license-expression"]);

/** The first value of each wanted header, up to the blank line before the description. */
function readHeaders(metadata: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < metadata.length) {
    const newline = metadata.indexOf("\n", at);
    const end = newline < 0 ? metadata.length : newline;
    const line = metadata.slice(at, end);
    at = end + 1;
    if (line.trim() === "") break;
    const colon = line.indexOf(":");
    if (colon <= 0 || line.startsWith(" ") || line.startsWith("\t")) continue;
    const name = line.slice(0, colon).replace("\ufeff", "").toLowerCase();
    if (wantedHeaders.has(name) && !headers.has(name)) headers.set(name, line.slice(colon + 1));
  }
  return headers;
}
