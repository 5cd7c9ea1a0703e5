import { expect, test } from "vitest";
import { scheme } from "../../../../shared/versions/schemes/maven.ts";
import { mavenVersions } from "./generators.ts";
import { expectAscending, expectEqual, expectQuick, expectTotalOrder } from "./support.ts";

test("the examples of Maven's specification", () => {
  expectAscending(scheme, [
    "1-alpha",
    "1-beta",
    "1-milestone",
    "1-rc",
    "1-snapshot",
    "1",
    "1-sp",
    "1-foo",
    "1-1",
    "1.1",
  ]);
  expectAscending(scheme, ["1-foo2", "1-foo10"]);
  expectAscending(scheme, ["1.foo", "1-1", "1.1"]);
  expectEqual(scheme, ["1.foo", "1-foo"]);
  expectEqual(scheme, ["1.ga", "1-ga", "1-0", "1.0", "1"]);
  expectEqual(scheme, ["1-a1", "1-alpha-1"]);
  expectEqual(scheme, ["1.0.0-foo.0.0", "1-foo"]);
});

test("versions as projects write them", () => {
  expectAscending(scheme, ["31.0-android", "31.0-jre", "31.0.1-android", "31.1-jre"]);
  expectAscending(scheme, ["4.1.99.Final", "4.1.100.Final", "4.1.100.SP1", "4.1.101.Final"]);
  expectAscending(scheme, ["2.0-rc1", "2.0-CR2", "2.0-SNAPSHOT", "2.0", "2.0.1", "2.13.4.1", "2.13.4.2"]);
  expectEqual(scheme, ["5.3.18", "5.3.18.RELEASE", "5.3.18-GA", "5.3.18.Final"]);
});

test("numbers of any length; Maven tells 0 from ten zeros within a version", () => {
  expectAscending(scheme, ["1.999999999", "1.1000000000", "1.999999999999999999", "1.1000000000000000000"]);
  expectEqual(scheme, ["1.00000000000000000005", "1.5"]);
  expectEqual(scheme, ["1.0000000000", "1"]);
  expectAscending(scheme, ["1.0.1", "1.0000000000.1"]);
});

test("any text is a version but the empty one", () => {
  expectAscending(scheme, ["unspecified", "0.1"]);
  expectEqual(scheme, ["١.٢", "1.2"]);
  expect(scheme.parse("")).toBeUndefined();
});

test("is a total order over what most people write, as Maven's is", () => {
  expectTotalOrder(scheme, mavenVersions);
});

test("keeps to Maven where Maven's order has circles", () => {
  for (const last of ["1.0.beta-1", "1-0.alpha", "1--alpha"]) {
    expectAscending(scheme, ["1", "1-sp"]);
    expectAscending(scheme, ["1-sp", last]);
    expectAscending(scheme, [last, "1"]);
  }
});

test("takes time linear in the text", () => {
  expectQuick(scheme, ["-", ".", "a1", "-0", "0", ".0-", "1a", "-a", "9"]);
});
