/** Secrets in files: which rule, which line, a salted hash. The rules stand in `secrets/`. */
import { limits } from "../../../platform/limits.ts";
import type { Extractor, Facts } from "../../extractor.ts";
import { findSecrets, fingerprintOf } from "../../secrets/find.ts";
import { wants } from "../../secrets/paths.ts";

export const extractor: Extractor = {
  name: "secrets",
  version: 1,
  kind: "content",
  wants,
  mode: "buffer",
  // Settings and keys are small. What is larger under such a name is data.
  maxBytes: 1024 * 1024,
  oversize: "skip",
  extract({ path, content }) {
    if (isBinary(content) || isMinified(content)) return {};
    // One character for one byte: no value that a rule looks for has others than ASCII.
    return secretsIn(content.toString("latin1"), path);
  },
};

function secretsIn(text: string, path: string): Facts {
  const found = findSecrets(text, { kind: "file", path }, limits.secretsPerFile);
  let line = 1;
  let at = 0;
  const secrets = found.map((one) => {
    for (let end = text.indexOf("\n", at); end >= 0 && end < one.start; end = text.indexOf("\n", at)) {
      line++;
      at = end + 1;
    }
    return { rule: one.rule.id, line, fingerprint: fingerprintOf(one, path) };
  });
  if (found.length < limits.secretsPerFile) return { secrets };
  const detail = `only the first ${limits.secretsPerFile} secrets of the file were noted`;
  return { secrets, partial: [{ reason: "secretsPerFile", detail }] };
}

function isBinary(content: Buffer): boolean {
  return content.subarray(0, 8192).includes(0);
}

/** Generated code without line ends: long, and hardly any lines. A key or token on one line is shorter. */
function isMinified(content: Buffer): boolean {
  if (content.length < 32_768) return false;
  let lines = 1;
  for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) lines++;
  return content.length / lines > 1000;
}
