/**
 * R packages: whole numbers between `.` or `-`, which mean the same, compared in turn; the shorter of two otherwise
 * equal ones is first (`package_version`, and `utils::compareVersion` for the order).
 */
import { compareDigits, compareLists } from "../text.ts";
import { defineScheme } from "../types.ts";

const shape = /^[0-9]+(?:[.-][0-9]+)*$/;
/** R holds the numbers as 32-bit integers and loses greater ones. */
const greatest = "2147483647";

function parse(text: string): readonly string[] | undefined {
  if (!shape.test(text)) return undefined;
  const numbers = text.split(/[.-]/);
  return numbers.every((number) => compareDigits(number, greatest) <= 0) ? numbers : undefined;
}

export const scheme = defineScheme({
  name: "cran",
  ecosystems: ["CRAN", "Bioconductor"],
  parse,
  compare: (a: readonly string[], b: readonly string[]) => compareLists(a, b, compareDigits),
});
