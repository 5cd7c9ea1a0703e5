import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { feed } from "../../../shared/advisories/feeds/osv/feed.ts";
import { judgeRange, sortEvents } from "../../../shared/advisories/ranges.ts";
import { linesOf } from "../../../shared/advisories/sources/lines.ts";
import type { RangeEvent } from "../../../shared/advisories/types.ts";
import { versionScheme } from "../../../shared/versions/compare.ts";

const context = { wants: () => true };

const record = {
  schema_version: "1.7.0",
  id: "RHSA-2024:1",
  modified: "2024-01-01T00:00:00Z",
  aliases: null,
  related: ["CVE-2024-1111", "CVE-2024-1112"],
  summary: "Red Hat Security Advisory: nodejs:18 security update",
  severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
  affected: [
    {
      package: { ecosystem: "Red Hat:enterprise_linux:9::appstream", name: "nodejs" },
      ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "1:18.1-1.module+el9" }] }],
      ecosystem_specific: { urgency: 7 },
    },
  ],
  references: [{ type: "ADVISORY", url: "https://access.redhat.com/errata/RHSA-2024:1" }],
};

function affectedIn(changes: object, ecosystem = "npm") {
  const affected = [{ package: { ecosystem, name: "thing" }, ...changes }];
  const document = { id: "GHSA-1", modified: "2024-01-01T00:00:00Z", affected };
  const [read] = feed.read(Buffer.from(JSON.stringify(document)), { wants: () => true });
  return read?.kind === "advisory" ? read.affected[0]?.affected : undefined;
}

describe("what publishers say beside the ranges", () => {
  test.each([
    [
      "<= 1.2.3",
      [{ introduced: "1.0.0" }],
      [
        ["introduced", "1.0.0"],
        ["last_affected", "1.2.3"],
      ],
    ],
    // Not affected from there on, and yet nobody says that it is the fix.
    [
      "< 1.2.3",
      [{ introduced: "0" }],
      [
        ["introduced", "0"],
        ["limit", "1.2.3"],
      ],
    ],
    [
      "< 1.2.3",
      [{ introduced: "0" }, { fixed: "1.4.0" }],
      [
        ["introduced", "0"],
        ["fixed", "1.4.0"],
      ],
    ],
    [
      "<= 1.2.3",
      [{ introduced: "0" }, { last_affected: "2.0.0" }],
      [
        ["introduced", "0"],
        ["last_affected", "2.0.0"],
      ],
    ],
    [">= 1, < 2", [{ introduced: "0" }], [["introduced", "0"]]],
    [7, [{ introduced: "0" }], [["introduced", "0"]]],
  ])("GitHub's last known version (%j) ends a range that has no end of its own", (lastKnown, events, expected) => {
    const database_specific = { last_known_affected_version_range: lastKnown };
    expect(affectedIn({ ranges: [{ type: "ECOSYSTEM", events }], database_specific })).toEqual({ ranges: [expected] });
  });

  test("Go's functions, by package; and systems, where Linux is not among them", () => {
    const imports = [
      { path: "example.com/thing/parse", symbols: ["Parse", "Decoder.Read", "Parse"], goos: ["windows"] },
      { path: "example.com/thing/other", goos: ["darwin", "windows"] },
    ];
    expect(affectedIn({ ecosystem_specific: { imports } }, "Go")).toEqual({
      symbols: [
        { path: "example.com/thing/parse", symbols: ["Decoder.Read", "Parse"] },
        { path: "example.com/thing/other", symbols: [] },
      ],
      marks: ["only-darwin", "only-windows"],
    });
    const anywhere = [...imports, { path: "example.com/thing/more", symbols: [] }];
    expect(affectedIn({ ecosystem_specific: { imports: anywhere } }, "Go")).not.toHaveProperty("marks");
    expect(affectedIn({ ecosystem_specific: { imports: [{ path: 1 }] } }, "Go")).toEqual({});
    expect(affectedIn({ ecosystem_specific: { imports } }, "npm")).toEqual({});
  });

  test("RustSec's informational records are marked; Kubernetes' are about programs", () => {
    const informational = { database_specific: { informational: "unsound" } };
    expect(affectedIn(informational, "crates.io")).toEqual({
      severity: "negligible",
      marks: ["informational", "unsound"],
    });
    expect(affectedIn({ database_specific: { informational: null } }, "crates.io")).toEqual({});
    expect(affectedIn({}, "Kubernetes")).toEqual({ source: true });
  });
});

describe("the OSV feed", () => {
  test("keeps the facts of a record and nothing else", () => {
    const [read] = feed.read(Buffer.from(JSON.stringify(record)), context);
    expect(read).toEqual({
      kind: "advisory",
      licence: "CC-BY-4.0",
      advisory: {
        id: "RHSA-2024:1",
        cves: ["CVE-2024-1111", "CVE-2024-1112"],
        bundle: true,
        summary: "Red Hat Security Advisory: nodejs:18 security update",
        cvss: { vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", score: 9.8 },
        database: "Red Hat",
        url: "https://access.redhat.com/errata/RHSA-2024%3A1",
        modified: "2024-01-01T00:00:00.000Z",
      },
      affected: [
        {
          ecosystem: "Red Hat:enterprise_linux:9::appstream",
          name: "nodejs",
          affected: {
            ranges: [
              [
                ["introduced", "0"],
                ["fixed", "1:18.1-1.module+el9"],
              ],
            ],
            modules: ["nodejs:18"],
          },
        },
      ],
    });
  });

  test("cuts long summaries without breaking a character, and takes out control characters", () => {
    const long = { ...record, summary: `a\u0000b\n\u001b[31m ${"😀".repeat(300)}` };
    const [read] = feed.read(Buffer.from(JSON.stringify(long)), context);
    const summary = read?.kind === "advisory" ? read.advisory.summary : "";
    expect(summary.length).toBeLessThanOrEqual(200);
    expect(summary).toMatch(/^a b \[31m 😀+…$/u);
  });

  test("reads any JSON in the place of any part of a record, or refuses it as malformed", () => {
    const paths: (readonly (string | number)[])[] = [];
    const walk = (value: unknown, path: readonly (string | number)[]) => {
      paths.push(path);
      if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, [...path, index]);
      else if (typeof value === "object" && value !== null) {
        for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
      }
    };
    walk(record, []);
    const put = (value: unknown, [first, ...rest]: readonly (string | number)[], by: unknown): unknown => {
      if (first === undefined) return by;
      if (Array.isArray(value)) return value.map((item, index) => (index === first ? put(item, rest, by) : item));
      const fields = value as Record<string, unknown>;
      return { ...fields, [first]: put(fields[first], rest, by) };
    };
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 3 }), (path, by) => {
        const bytes = Buffer.from(JSON.stringify(put(record, path, by)));
        if (!feed.recognises(bytes, "x.json")) return;
        try {
          expect(feed.read(bytes, context)).toHaveLength(1);
        } catch (error) {
          expect(error).toMatchObject({ name: "PermanentError", code: "advisory-malformed" });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("reads or refuses a record with changed bytes", () => {
    const whole = Buffer.from(JSON.stringify(record));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        (changes) => {
          const bytes = Buffer.from(whole);
          for (const [at, byte] of changes) bytes[at] = byte;
          if (!feed.recognises(bytes, "x.json")) return;
          try {
            feed.read(bytes, context);
          } catch (error) {
            expect(error).toMatchObject({ code: "advisory-malformed" });
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("ranges", () => {
  const semver = versionScheme("semver");
  const kinds = fc.constantFrom("introduced", "fixed", "last_affected", "limit");
  const events = fc.array(fc.tuple(kinds, fc.constantFrom("0", "1.0.0", "1.5.0", "2.0.0", "3.0.0")), { maxLength: 6 });

  /** The evaluation as the OSV schema words it. */
  function asWorded(sorted: readonly RangeEvent[], version: string): boolean {
    const order = (a: string, b: string) => {
      const [left, right] = [semver.parse(a), semver.parse(b)];
      return left === undefined || right === undefined ? Number.NaN : semver.compare(left, right);
    };
    const limits = sorted.filter(([kind]) => kind === "limit").map(([, limit]) => limit);
    if (limits.length > 0 && !limits.some((limit) => order(version, limit) < 0)) return false;
    let vulnerable = false;
    for (const [kind, at] of sorted) {
      if (kind === "introduced" && order(version, at) >= 0) vulnerable = true;
      else if (kind === "fixed" && order(version, at) >= 0) vulnerable = false;
      else if (kind === "last_affected" && order(version, at) > 0) vulnerable = false;
    }
    return vulnerable;
  }

  test("judge as the schema words it", () => {
    fc.assert(
      fc.property(
        events,
        fc.constantFrom("0.0.0", "0.9.0", "1.0.0", "1.5.0", "2.0.0", "2.5.0", "3.0.0", "4.0.0"),
        (list, text) => {
          const sorted = sortEvents(semver, list);
          const version = semver.parse(text);
          if (version === undefined) throw new Error("a version");
          expect(judgeRange(semver, sorted, version)).toMatchObject({ affected: asWorded(sorted, text) });
        },
      ),
      { numRuns: 3000 },
    );
  });
});

test("lines come out whole however the bytes are cut, and one that is too long does not hide the next", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ maxLength: 30, unit: fc.constantFrom("a", "é", "{") }), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      async (lines, sizes) => {
        const bytes = Buffer.from(lines.join("\n"));
        async function* chunks() {
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            yield bytes.subarray(at, at + size);
            at += size;
          }
        }
        const out: (string | undefined)[] = [];
        for await (const line of linesOf(chunks(), 20)) out.push(line?.toString("utf8"));
        const wanted = lines
          .filter((line) => line !== "")
          .map((line) => (Buffer.byteLength(line) > 20 ? undefined : line));
        expect(out).toEqual(wanted);
      },
    ),
    { numRuns: 300 },
  );
});
