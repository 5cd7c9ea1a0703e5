import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PermanentError } from "../../../shared/platform/errors.ts";
import { formatReference, parseReference } from "../../../shared/registry/reference.ts";

const digest = `sha256:${"a1".repeat(32)}`;

describe("image references", () => {
  test.each([
    ["alpine", "docker.io/library/alpine:latest"],
    ["alpine:3.20", "docker.io/library/alpine:3.20"],
    ["bitnami/redis", "docker.io/bitnami/redis:latest"],
    ["docker.io/alpine", "docker.io/library/alpine:latest"],
    ["index.docker.io/library/alpine", "docker.io/library/alpine:latest"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/app", "localhost:5000/app:latest"],
    ["GHCR.io/app", "ghcr.io/app:latest"],
    ["127.0.0.1:5000/a/b/c:x", "127.0.0.1:5000/a/b/c:x"],
    ["[::1]:5000/app:1", "[::1]:5000/app:1"],
    ["ghcr.io/a__b/c-d---e.f:V_1.-", "ghcr.io/a__b/c-d---e.f:V_1.-"],
    [`alpine@${digest}`, `docker.io/library/alpine@${digest}`],
    [`quay.io/x/y:1@${digest}`, `quay.io/x/y:1@${digest}`],
    ["host.example:5000/app", "host.example:5000/app:latest"],
    ["app:5000", "docker.io/library/app:5000"],
  ])("%s is %s", (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
    expect(parseReference(full)).toEqual(parseReference(text));
  });

  test.each([
    "",
    " ",
    "Alpine",
    "Registry/app",
    "alpine:",
    "alpine@",
    "alpine@sha256:12",
    `alpine@md5:${"a".repeat(32)}`,
    "https://ghcr.io/a/b",
    "ghcr.io/",
    "ghcr.io//a",
    "ghcr.io/a/",
    "ghcr.io/A/b",
    "ghcr.io/a/../b",
    "ghcr.io/a?x=1",
    "ghcr.io/a#b",
    "ghcr.io:0/a",
    "ghcr.io:70000/a",
    "ghcr.io:/a",
    "user@ghcr.io/a",
    "gh_cr.io/a",
    "-a.io/b",
    "a.io/b\n",
    "a..io/b",
    "[::1/b",
    `a.io/b:${"x".repeat(129)}`,
    `a.io/${"x".repeat(256)}`,
    `${"a.".repeat(600)}io/b`,
    "a.io/b___c",
  ])("%j is refused", (text) => {
    expect(() => parseReference(text)).toThrowError(expect.objectContaining({ code: "bad-reference" }));
  });

  test("what is parsed is formatted to what parses to the same, and anything else is a bad reference", () => {
    const parts = fc.array(
      fc.constantFrom("a", "b1", "-", "_", ".", "/", ":", "@", "5000", "io", digest, "[", "]", "A", "%", "localhost"),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          parts.map((all) => all.join("")),
        ),
        (text) => {
          let reference: ReturnType<typeof parseReference>;
          try {
            reference = parseReference(text);
          } catch (error) {
            expect(error).toBeInstanceOf(PermanentError);
            return;
          }
          expect(reference.tag ?? reference.digest).toBeDefined();
          expect(parseReference(formatReference(reference))).toEqual(reference);
          // The name becomes a URL path: nothing in it may change what the URL means.
          const url = new URL(`https://host/v2/${reference.repository}/manifests/x`);
          expect(url.pathname).toBe(`/v2/${reference.repository}/manifests/x`);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("a long hostile name takes no time", () => {
    const start = performance.now();
    for (const text of [`a.io/${"a-".repeat(500)}`, `a.io/${"a".repeat(900)}!`, "-".repeat(1000)]) {
      expect(() => parseReference(text)).toThrow();
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
