import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exceptionIds, licenceIds } from "../../../shared/inventory/licence-ids.ts";
import { combinedExpression, type Licence, licenceOf, spdxExpression } from "../../../shared/inventory/licences.ts";

describe("licences", () => {
  it.each<[text: string, expression: string | undefined]>([
    ["MIT", "MIT"],
    ["mit", "MIT"],
    ["  MIT ", "MIT"],
    ["(MIT OR Apache-2.0)", "MIT OR Apache-2.0"],
    ["MIT/Apache-2.0", "MIT OR Apache-2.0"],
    ["mit or apache-2.0", "MIT OR Apache-2.0"],
    ["Apache-2.0 WITH LLVM-exception OR MIT", "Apache-2.0 WITH LLVM-exception OR MIT"],
    ["MIT AND (ISC OR BSD-3-Clause)", "MIT AND (ISC OR BSD-3-Clause)"],
    ["(MIT AND ISC) OR BSD-3-Clause", "MIT AND ISC OR BSD-3-Clause"],
    ["MIT AND MIT", "MIT"],
    ["(MIT OR MIT) AND ISC", "MIT AND ISC"],
    ["(MIT OR ISC) AND (MIT OR ISC)", "MIT OR ISC"],
    ["MIT OR (ISC OR MIT)", "MIT OR ISC"],
    ["GPL-2.0", "GPL-2.0-only"],
    ["GPL-2.0+", "GPL-2.0-or-later"],
    ["LGPL-2.1+ AND MPL-1.1", "LGPL-2.1-or-later AND MPL-1.1"],
    ["EPL-1.0+", "EPL-1.0+"],
    ["GPLv2+ and LGPLv2+ and ASL 2.0", "GPL-2.0-or-later AND LGPL-2.0-or-later AND Apache-2.0"],
    ["Apache License, Version 2.0", "Apache-2.0"],
    ["GPL (>= 2)", "GPL-2.0-or-later"],
    ["LicenseRef-Foo OR MIT", "LicenseRef-Foo OR MIT"],
    ["BSD License", undefined],
    ["Apache Software License", undefined],
    ["MIT AND", undefined],
    ["OR MIT", undefined],
    ["(MIT", undefined],
    ["MIT)", undefined],
    ["MIT ISC", undefined],
    ["MIT WITH Foo-exception", undefined],
    ["(MIT OR ISC) WITH LLVM-exception", undefined],
    ["WITH", undefined],
    ["", undefined],
    [`${"(".repeat(40)}MIT${")".repeat(40)}`, undefined],
    [`MIT AND ${"X".repeat(5000)}`, undefined],
  ])("%s", (text, expression) => {
    expect(spdxExpression(text)).toBe(expression);
  });

  it("names are kept where there is no expression, and nothing where nothing is stated", () => {
    expect(licenceOf("BSD  License")).toEqual({ kind: "name", name: "BSD License" });
    expect(licenceOf("UNLICENSED")).toEqual({ kind: "name", name: "UNLICENSED" });
    expect(licenceOf("GPLv3+")).toEqual({ kind: "id", id: "GPL-3.0-or-later" });
    for (const text of ["", " ", "UNKNOWN", "None", "NOASSERTION"]) expect(licenceOf(text)).toBeUndefined();
  });

  it("several apply together; names become references", () => {
    const licences: readonly Licence[] = ["MIT OR ISC", "BSD License", "MIT OR ISC", "Apache-2.0"].flatMap(
      (text) => licenceOf(text) ?? [],
    );
    const combined = combinedExpression(licences);
    expect(combined?.expression).toMatch(/^\(MIT OR ISC\) AND LicenseRef-BSD-License-[0-9a-f]{8} AND Apache-2\.0$/);
    expect([...(combined?.references.values() ?? [])]).toEqual(["BSD License"]);
    expect(combinedExpression([])).toBeUndefined();
  });

  it("a normalised expression stays as it is, and means the same licences", () => {
    const expression = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(...licenceIds),
        fc.tuple(fc.constantFrom(...licenceIds), fc.constantFrom(...exceptionIds)).map((parts) => parts.join(" WITH ")),
        fc
          .tuple(tie("tree"), fc.constantFrom("AND", "OR"), tie("tree"))
          .map(([one, operator, other]) => `(${one}) ${operator} (${other})`),
      ),
    })).tree;
    fc.assert(
      fc.property(expression, (text) => {
        const once = spdxExpression(text) ?? "";
        expect(once).not.toBe("");
        expect(spdxExpression(once)).toBe(once);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("(", ")", "MIT", "AND", "OR", "WITH", "LLVM-exception", "+", "/", "x")),
        (parts) => {
          const read = spdxExpression(parts.join(" "));
          if (read !== undefined) expect(spdxExpression(read)).toBe(read);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
