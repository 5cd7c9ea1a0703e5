import fc from "fast-check";
import type { SchemeName } from "../../../shared/versions/compare.ts";

/** Small alphabets, so that generated versions of one scheme are often neighbours or equal. */
const digits = fc.constantFrom("0", "1", "2", "9", "10", "00", "01", "010", "20240107", "18446744073709551617");
/** For apk: at most 18 digits, and no `00`, which apk 2 orders before `0` and apk 3 after it. */
const shortDigits = digits.filter((text) => text.length <= 18 && text !== "00");
const number = fc.constantFrom("0", "1", "2", "9", "10", "11", "99999999999999999999");
const join = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(""));
const maybe = (part: fc.Arbitrary<string>) => fc.oneof(fc.constant(""), part);
const many = (part: fc.Arbitrary<string>, separator: string, maxLength = 3) =>
  fc.array(part, { minLength: 1, maxLength }).map((parts) => parts.join(separator));
const after = (prefix: string, part: fc.Arbitrary<string>) => part.map((text) => prefix + text);
const tail = (...pieces: readonly string[]) =>
  fc.array(fc.constantFrom(...pieces), { maxLength: 5 }).map((parts) => parts.join(""));

const debTail = tail(".", "+", "~", "a", "Z", "b", "0", "1", "9", "10", "dfsg", "~rc", "+b", "deb12u", "really");
const rpmTail = tail(".", "_", "~", "^", "+", "a", "Z", "rc", "0", "1", "9", "10", "el9", "git", "module");

export const versions: Readonly<Record<SchemeName, fc.Arbitrary<string>>> = {
  deb: join(maybe(fc.constantFrom("0:", "1:", "2:", "10:")), digits, debTail, maybe(after("-", join(digits, debTail)))),
  rpm: join(maybe(fc.constantFrom("0:", "1:", "2:")), digits, rpmTail, maybe(after("-", join(digits, rpmTail)))),
  apk: join(
    many(shortDigits, "."),
    maybe(fc.constantFrom("a", "b", "z")),
    maybe(
      fc
        .array(
          join(
            fc.constantFrom("_alpha", "_beta", "_pre", "_rc", "_cvs", "_svn", "_git", "_hg", "_p"),
            maybe(shortDigits),
          ),
          {
            maxLength: 2,
          },
        )
        .map((parts) => parts.join("")),
    ),
    maybe(after("-r", fc.constantFrom("0", "1", "2", "10"))),
  ),
  semver: join(
    many(number, ".", 3).map((text) => [...text.split("."), "0", "0"].slice(0, 3).join(".")),
    maybe(after("-", many(fc.constantFrom("0", "1", "2", "10", "alpha", "beta", "rc", "rc1", "1a", "-", "x-y"), "."))),
    maybe(after("+", fc.constantFrom("build", "1"))),
  ),
  pep440: join(
    maybe(fc.constantFrom("0!", "1!", "v")),
    many(digits, "."),
    maybe(
      join(
        maybe(fc.constantFrom(".", "-", "_")),
        fc.constantFrom("a", "b", "rc", "c", "alpha", "Beta", "pre", "preview"),
        maybe(digits),
      ),
    ),
    maybe(fc.constantFrom(".post1", "-1", "-2", ".post", ".r2", "rev3", "post0")),
    maybe(fc.constantFrom(".dev", ".dev0", ".dev1", "dev10", "-dev2")),
    maybe(fc.constantFrom("+local", "+1", "+2", "+10", "+ubuntu.1", "+ubuntu-2", "+abc.10")),
  ),
};
