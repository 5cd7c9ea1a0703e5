import fc from "fast-check";
import type { SchemeName } from "../../../shared/versions/compare.ts";
import { composerVersions, mavenVersions, nugetVersions, rubygemsVersions } from "./schemes/generators.ts";

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

const plain = many(number, ".", 3).map((text) => [...text.split("."), "0", "0"].slice(0, 3).join("."));
const identifiers = many(fc.constantFrom("0", "1", "2", "10", "alpha", "beta", "rc", "rc1", "1a", "-", "x-y"), ".");
const semantic = join(plain, maybe(after("-", identifiers)), maybe(after("+", fc.constantFrom("build", "1"))));
const arch = join(
  digits,
  tail(".", "..", "_", "+", "~", "a", "Z", "rc", "0", "1", "9", "10", "git", ".r"),
  maybe(after("-", join(digits, maybe(after(".", digits))))),
);
const items = many(fc.constantFrom("0", "00", "1", "2", "10", "1_0", "a", "cci", "rc1", "10a", "1a", ""), ".");
const smallNumber = fc.constantFrom("0", "1", "2", "9", "10", "20", "21", "22");

/** What each scheme reads, its corners most of all. */
export const versions: Readonly<Record<SchemeName, fc.Arbitrary<string>>> = {
  composer: composerVersions,
  maven: mavenVersions,
  nuget: nugetVersions,
  rubygems: rubygemsVersions,
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
  semver: semantic,
  swift: semantic,
  hex: semantic,
  pub: join(
    plain,
    maybe(after("-", fc.oneof(identifiers, fc.constantFrom("-1", "0x1F", "31", "01", "-0", "0")))),
    maybe(after("+", identifiers)),
  ),
  bitnami: join(plain, maybe(after("-", fc.oneof(identifiers, fc.constantFrom("0", "1", "2", "10", "r2", "r10"))))),
  go: fc.oneof(
    join(
      fc.constantFrom("v", ""),
      plain,
      maybe(
        fc.constantFrom("-0", "-rc.1", "-rc.2", "-0.20240107101010-abcdef123456", "-pre.0.20240107101010-abcdef123456"),
      ),
      maybe(fc.constant("+incompatible")),
    ),
    join(
      fc.constantFrom("go1.", "go2.", "1."),
      smallNumber,
      fc.oneof(after(".", smallNumber), join(fc.constantFrom("alpha", "beta", "rc"), maybe(smallNumber))),
    ),
    join(fc.constantFrom("go1.", "go2."), smallNumber, maybe(fc.constant("-vendor.1"))),
    fc.constantFrom("go1", "go2"),
  ),
  cran: fc
    .array(fc.constantFrom("0", "00", "1", "01", "2", "10", "20240107", "2147483647"), { minLength: 1, maxLength: 4 })
    .chain((numbers) =>
      fc
        .array(fc.constantFrom(".", "-"), { minLength: 4, maxLength: 4 })
        .map((separators) =>
          numbers.map((part, index) => (index === 0 ? part : `${separators[index]}${part}`)).join(""),
        ),
    ),
  pacman: join(maybe(fc.constantFrom("0:", "1:", "2:")), arch),
  conan: join(
    fc.constantFrom("0", "1", "10", "cci", "_"),
    maybe(after(".", items)),
    maybe(after("-", items)),
    maybe(after("+", items)),
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

/** Pieces of versions of every scheme, in any order. */
export const anyVersion: fc.Arbitrary<string> = tail(
  ..."0 1 2 10 00 01 20240107 . .. - _ + ~ ^ : 1: v a b rc alpha Beta SNAPSHOT final ga sp pre dev post p git r x".split(
    " ",
  ),
  " ",
  "é",
).map((text) => `1${text}`);
