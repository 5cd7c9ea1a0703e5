/**
 * Python distributions that others carry: wheels kept to be installed from (`ensurepip`, Debian's
 * `/usr/share/python-wheels`, virtualenv), by their file names; and lists of vendored copies, which are the only thing
 * that tells of `pip/_vendor`.
 * https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention
 */
import type { Extractor, Facts, PackageFacts } from "../../extractor.ts";
import { buildFacts, linesOf } from "../../fields.ts";

const wheels = /(^|\/)(ensurepip\/_bundled|python-wheels|virtualenv\/seed\/wheels\/embed)\/[^/]+\.whl$/;
const lists = /\/(_vendor|_vendored|vendored|vendor)\/vendor(ed)?\.txt$/;

export const extractor: Extractor = {
  name: "python-bundled",
  version: 1,
  kind: "language",
  wants: {
    basenames: ["vendor.txt", "vendored.txt"],
    suffixes: [".whl"],
    accept: (path) => wheels.test(path) || lists.test(path),
  },
  mode: "buffer",
  maxBytes: 16 * 1024 * 1024,
  extract: ({ path, content }) => (path.endsWith(".whl") ? wheel(path) : vendored(content)),
};

/** `name-version(-build)?-python-abi-platform.whl` */
function wheel(path: string): Facts {
  const base = path.slice(path.lastIndexOf("/") + 1);
  const [, name, version] =
    /^([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-([0-9][^-]*)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl$/.exec(base) ?? [];
  if (name === undefined || version === undefined) {
    return { partial: [{ reason: "broken-record", detail: "a wheel whose name states no version" }] };
  }
  return { packages: [{ type: "pypi", name, version, evidence: "archive" }] };
}

/** Pinned requirements, those of a vendored distribution's own indented below it. Other lines state no version. */
function vendored(content: Buffer): Facts {
  const facts = buildFacts();
  for (const line of linesOf(content)) {
    const [, name, version] =
      /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[^\]]*\])?==([A-Za-z0-9][A-Za-z0-9.!+_-]*)\s*(?:[;#].*)?$/.exec(
        line.slice(0, 1024),
      ) ?? [];
    if (name === undefined || version === undefined) continue;
    const one: PackageFacts = { type: "pypi", name, version, evidence: "vendored" };
    if (!facts.add(one)) break;
  }
  return facts.facts();
}
