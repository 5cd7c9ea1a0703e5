import { test } from "vitest";
import { scheme } from "../../../../shared/versions/schemes/composer.ts";
import { composerVersions } from "./generators.ts";
import { expectAscending, expectEqual, expectQuick, expectRefused, expectTotalOrder } from "./support.ts";

test("stabilities, and numbered branches after all their releases", () => {
  expectAscending(scheme, [
    "1.0-dev",
    "1.0-alpha1",
    "1.0-beta2",
    "1.0-RC5-dev",
    "1.0-RC5",
    "1.0",
    "1.0-patch1",
    "1.0.1",
  ]);
  expectAscending(scheme, [
    "1.9.9",
    "1.10",
    "1.x-dev",
    "2.0.0",
    "2.0.1",
    "2.0.x-dev",
    "2.1.0-alpha",
    "2.1-p1",
    "2.1-p2",
  ]);
});

test("one version, written differently", () => {
  expectEqual(scheme, [
    "1.0",
    "v1",
    "1.0.0.0",
    "1.0.0-stable",
    "1.0.0+build",
    "1.0@dev",
    "1.0 as 2.0",
    " 1.0 ",
    "1.0-",
  ]);
  expectEqual(scheme, ["1.0RC1", "1.0.0-rc.1", "1.0_rc1", "V1-Rc1"]);
  expectEqual(scheme, ["1.0pl2", "1.0-p2", "1.0-patch.2"]);
  expectEqual(scheme, ["1.x-dev", "1.*-dev", "1.X.dev"]);
});

test("dates are versions", () => {
  expectAscending(scheme, ["2010-01-02", "2010.01.03", "20100102"]);
  expectAscending(scheme, ["20230131.0.0", "20230131.1.0", "20230131.1.1"]);
  expectEqual(scheme, ["2010-01-02-10", "2010.1.2.10"]);
});

test("numbers end where PHP's do; a stability in capitals that PHP does not know is before all", () => {
  expectEqual(scheme, ["1.9223372036854775807", "1.9223372036854775808"]);
  expectAscending(scheme, ["1.0-STABLE", "1.0-dev", "1.0-stable"]);
});

test("what Composer calls invalid, and branches that have no place in the order, are refused", () => {
  expectRefused(scheme, [
    "",
    "1.2.3.4.5",
    "2010.01.02.1.2.3",
    "8.x-1.0",
    "^1.0",
    "1.0.*",
    "1.0-foo",
    "1.0-b-1-x",
    "1 0",
    "foo-dev",
  ]);
  expectRefused(scheme, ["dev-main", "DEV-main", "dev-1.0", "master", "trunk", "default", "dev-"]);
});

test("is a total order", () => {
  expectTotalOrder(scheme, composerVersions);
});

test("takes time linear in the text", () => {
  expectQuick(scheme, [".1", "a", " ", "\n", "-1", "1", "11-", "@dev", "+", " as ", "-dev", ".x", "p1.1-"]);
});
