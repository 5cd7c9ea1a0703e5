import { test } from "vitest";
import { scheme } from "../../../../shared/versions/schemes/nuget.ts";
import { nugetVersions } from "./generators.ts";
import { expectAscending, expectEqual, expectQuick, expectRefused, expectTotalOrder } from "./support.ts";

test("the examples of NuGet's documentation", () => {
  expectAscending(scheme, [
    "1.0.1-aaa",
    "1.0.1-alpha",
    "1.0.1-alpha.2",
    "1.0.1-beta",
    "1.0.1-open",
    "1.0.1-rc.2",
    "1.0.1-rc.10",
  ]);
  expectAscending(scheme, ["1.0.1-rc.10", "1.0.1-rc10", "1.0.1-rc2", "1.0.1-zzz", "1.0.1", "1.0.1.1"]);
  expectEqual(scheme, ["1.00", "1.0", "1"]);
  expectEqual(scheme, ["1.01.1", "1.1.1"]);
  expectEqual(scheme, ["1.00.0.1", "1.0.0.1"]);
  expectEqual(scheme, ["1.0.0+githash", "1.0.0.0"]);
});

test("labels: letters of either case are alike, 32-bit integers are numbers, the rest is text", () => {
  expectEqual(scheme, ["1.0-Beta", "1.0-BETA", "1.0-beta"]);
  expectEqual(scheme, ["1.0--01", "1.0--1"]);
  expectAscending(scheme, [
    "1.0--5",
    "1.0--4",
    "1.0-0",
    "1.0-2147483647",
    "1.0-10000000000",
    "1.0-9999999999",
    "1.0-a",
  ]);
});

test("white space around numbers is skipped, as NuGet does", () => {
  expectEqual(scheme, ["1.0", " 1 . 0 ", "1. 0"]);
});

test("what NuGet calls invalid is refused", () => {
  expectRefused(scheme, [
    "",
    "1.",
    ".1",
    "1..2",
    "1.0.0.0.0",
    "v1.0",
    "1.0-",
    "1.0+",
    "1.0-a..b",
    "1.0-01",
    "1.0-a_b",
    "1.0- a",
  ]);
  expectRefused(scheme, ["2147483648", "1.2147483648", "1.*", "[1.0,2.0)", "1 0", "１"]);
});

test("is a total order", () => {
  expectTotalOrder(scheme, nugetVersions);
});

test("takes time linear in the text", () => {
  expectQuick(scheme, [" ", "0", ".0", "-", "-a.", "+a", "1 ", "-1"]);
});
