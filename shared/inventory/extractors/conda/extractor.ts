/**
 * Packages of a conda environment: `conda-meta/<name>-<version>-<build>.json`, one for each.
 * https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/pkg-specs.html
 */

import { parseJson } from "../../documents/json.ts";
import { member } from "../../documents/value.ts";
import type { Extractor } from "../../extractor.ts";
import { text } from "../../fields.ts";

const validName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const validVersion = /^[A-Za-z0-9_.!+*-]+$/;

export const extractor: Extractor = {
  name: "conda",
  version: 1,
  kind: "language",
  wants: { suffixes: [".json"], accept: (path) => /(^|\/)conda-meta\/[^/]+\.json$/.test(path) },
  mode: "buffer",
  // Lists every file of the package.
  maxBytes: 64 * 1024 * 1024,
  extract({ content }) {
    const record = parseJson(content.toString("utf8"));
    const name = text(member(record, "name"), 256);
    const version = text(member(record, "version"), 128);
    if (name === undefined || version === undefined || !validName.test(name) || !validVersion.test(version)) {
      return { partial: [{ reason: "broken-record", detail: "no usable name or version" }] };
    }
    const license = text(member(record, "license"));
    const qualifiers = qualifiersOf(record);
    const described = { ...(license !== undefined && { licenses: [license] }), qualifiers };
    return { packages: [{ type: "conda", name, version, ...described }] };
  },
};

function qualifiersOf(record: unknown): Record<string, string> {
  const subdir = text(member(record, "subdir"), 64);
  const all = {
    build: text(member(record, "build"), 128),
    channel: channelOf(member(record, "channel"), subdir),
    subdir,
    type: /\.(conda|tar\.bz2)$/.exec(text(member(record, "fn")) ?? "")?.[1],
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  );
}

/** The last part of a channel's address: what stands before may hold an access token. */
function channelOf(channel: unknown, subdir: string | undefined): string | undefined {
  const parts =
    (text(channel, 1024) ?? "")
      .split(/[?#]/, 1)[0]
      ?.split("/")
      .filter((part) => part !== "") ?? [];
  if (parts.length > 1 && parts.at(-1) === subdir) parts.pop();
  const name = parts.at(-1);
  return name !== undefined && validName.test(name) ? name : undefined;
}
