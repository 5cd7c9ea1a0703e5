/** Samples of a format, spoiled in every way; what the extractors make of them must keep their promises. */
import fc from "fast-check";
import { expect } from "vitest";
import type { Extractor, Facts } from "../../../../shared/inventory/extractor.ts";
import { PermanentError } from "../../../../shared/platform/errors.ts";

const splice = fc.tuple(fc.nat(), fc.nat(30), fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.constantFrom(...tokens())));

/** What has a meaning in some format. */
function tokens(): Buffer[] {
  return [
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    ":",
    "- ",
    "? ",
    "#",
    "\\",
    "\n",
    "@",
    "\0",
    '"""',
    "<",
    "</",
    "=",
    "|\n",
    "__proto__",
  ].map((one) => Buffer.from(one));
}

/** The facts, or undefined when the extractor refused the file in the way that it may. */
export function extractSafely(extractor: Extractor, path: string, content: Buffer): Facts | undefined {
  try {
    return extractor.extract({ path, content, companions: new Map(), isLanguageEvidence: () => true });
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(PermanentError);
    return undefined;
  }
}

/** Every mutation ends in facts with honest names and versions, in a reason, or in nothing. */
export function expectBounded(extractor: Extractor, path: string, sample: string | Buffer, numRuns = 300): void {
  fc.assert(
    fc.property(fc.array(splice, { minLength: 1, maxLength: 5 }), (splices) => {
      let bytes = Buffer.from(sample);
      for (const [where, length, inserted] of splices) {
        const at = where % (bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + length)]);
      }
      for (const { name, version } of extractSafely(extractor, path, bytes)?.packages ?? []) {
        expect(`${name}${version}`).not.toMatch(/\p{Cc}/u);
        expect(name.length * version.length).toBeGreaterThan(0);
        expect(name.length + version.length).toBeLessThanOrEqual(1024);
      }
    }),
    { numRuns },
  );
}
