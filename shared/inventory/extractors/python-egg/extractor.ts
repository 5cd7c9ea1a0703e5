/**
 * Python eggs, as archives and unpacked: `EGG-INFO/PKG-INFO` in `<name>.egg`.
 * https://setuptools.pypa.io/en/latest/deprecated/python_eggs.html
 */
import { PermanentError } from "../../../platform/errors.ts";
import type { Extractor, Facts, WantedFile } from "../../extractor.ts";
import { looksLikeZip, readZipEntry, zipEntries } from "../../zip.ts";
import { extractor as python } from "../python/extractor.ts";

const metadata = "EGG-INFO/PKG-INFO";
const metadataBytes = 8 * 1024 * 1024;

export const extractor: Extractor = {
  name: "python-egg",
  version: 1,
  kind: "language",
  wants: {
    suffixes: [".egg"],
    basenames: ["PKG-INFO"],
    accept: (path) => path.endsWith(".egg") || path.endsWith(`.egg/${metadata}`),
  },
  mode: "buffer",
  maxBytes: 128 * 1024 * 1024,
  extract: (file) => (file.path.endsWith(".egg") ? archived(file) : python.extract(file)),
};

function archived(file: WantedFile): Facts {
  if (!looksLikeZip(file.content)) return { partial: [{ reason: "broken-archive", detail: "no archive" }] };
  try {
    for (const entry of zipEntries(file.content)) {
      if (entry.name !== metadata) continue;
      const content = readZipEntry(file.content, entry, metadataBytes);
      const { packages = [], ...rest } = python.extract({ ...file, content });
      return { ...rest, packages: packages.map((one) => ({ ...one, within: metadata })) };
    }
  } catch (thrown) {
    if (!(thrown instanceof PermanentError)) throw thrown;
    return { partial: [{ reason: thrown.code, detail: thrown.message }] };
  }
  return { partial: [{ reason: "broken-record", detail: "an egg without metadata" }] };
}
