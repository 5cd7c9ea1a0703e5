import fc from "fast-check";

/** Small alphabets, so that generated versions are often neighbours or equal. */
const number = fc.constantFrom("0", "1", "2", "9", "10", "11", "01", "00", "99999");
const join = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(""));
const maybe = (part: fc.Arbitrary<string>) => fc.oneof(fc.constant(""), part);
const after = (prefix: string, part: fc.Arbitrary<string>) => part.map((text) => prefix + text);
const many = (part: fc.Arbitrary<string>, maxLength = 3) =>
  fc.array(part, { minLength: 1, maxLength }).map((parts) => parts.join("."));

const mavenWord = fc.constantFrom(..."alpha a B beta m rc CR SNAPSHOT ga Final release sp jre x".split(" "));
const mavenCount = fc.constantFrom("1", "2", "10", "01");
const mavenQualifier = fc.oneof(
  join(fc.constantFrom("-", ".", ""), mavenWord, maybe(mavenCount)),
  // Behind a dot there is no separator after the word: from there on Maven's own order has circles.
  join(fc.constantFrom("-", ""), mavenWord, fc.constantFrom("-", "."), mavenCount),
);

/** As most people write them: Maven's own order is transitive for these. */
export const mavenVersions = join(many(number), maybe(mavenQualifier));

export const rubygemsVersions = join(
  many(number),
  maybe(after(".", many(fc.constantFrom("a", "b", "pre", "rc1", "B2", "0", "1", "10", "beta")))),
  maybe(after("-", fc.constantFrom("a", "1", "java", "x-1", "0"))),
);

export const nugetVersions = join(
  many(number, 4),
  maybe(after("-", many(fc.constantFrom("0", "1", "-01", "-1", "10", "9999999999", "alpha", "Alpha", "RC", "b2")))),
  maybe(after("+", fc.constantFrom("build", "1"))),
);

const composerModifier = join(
  maybe(fc.constantFrom("-", ".", "_")),
  fc.constantFrom("alpha", "a", "beta", "B", "RC", "rc", "patch", "pl", "p", "stable", "Stable"),
  maybe(many(number)),
);

export const composerVersions = fc.oneof(
  join(
    maybe(fc.constant("v")),
    many(number, 4),
    maybe(composerModifier),
    maybe(fc.constantFrom("-dev", "dev", "@beta", "+build")),
  ),
  join(fc.constantFrom("1.", "2."), fc.constantFrom("x", "1", "10.x", "*"), fc.constantFrom("-dev", ".dev")),
  fc.constantFrom("2010.01.02", "20100102", "2010-01-02-10", "20100102-203040-p1"),
);
