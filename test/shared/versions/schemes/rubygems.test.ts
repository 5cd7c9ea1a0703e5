import { test } from "vitest";
import { scheme } from "../../../../shared/versions/schemes/rubygems.ts";
import { rubygemsVersions } from "./generators.ts";
import { expectAscending, expectEqual, expectQuick, expectRefused, expectTotalOrder } from "./support.ts";

test("letters make a pre-release; numbers count by value", () => {
  expectAscending(scheme, ["1.0.a10", "1.0.b1", "1.0.b2", "1.0.pre", "1.0.rc1", "1.0", "1.0.1.alpha", "1.0.1"]);
  expectAscending(scheme, [
    "3.0.0.beta4",
    "3.0.0.rc1",
    "3.0.0",
    "3.0.0.1",
    "3.0.2",
    "3.0.10",
    "3.0.99999999999999999999",
  ]);
  expectAscending(scheme, ["1.0.B", "1.0.a"]);
});

test("zeros at the end, and before the letters, count for nothing", () => {
  expectEqual(scheme, ["1", "1.0", "1.0.0", " 1 ", "01"]);
  expectEqual(scheme, ["1.a", "1.0.a", "1.0.0.a.0"]);
  expectEqual(scheme, ["1.a1", "1.a.1"]);
});

test("a hyphen marks a pre-release", () => {
  expectEqual(scheme, ["1-2", "1.pre.2"]);
  expectAscending(scheme, ["1.2.3-java", "1.2.3"]);
});

test("what Gem::Version calls malformed, and blank texts, are refused", () => {
  expectRefused(scheme, [
    "",
    " ",
    "v1",
    "a",
    "1..2",
    "1.",
    ".1",
    "1-",
    "1_0",
    "1.2.3-x86_64-linux",
    "~> 1.0",
    "1 2",
    "1.é",
  ]);
});

test("is a total order", () => {
  expectTotalOrder(scheme, rubygemsVersions);
});

test("takes time linear in the text", () => {
  expectQuick(scheme, [".0", "-", ".a", " ", "0", "a1", "-a.", "--"]);
});
