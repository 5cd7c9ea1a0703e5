import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptFinding, expireAcceptances } from "../../../shared/findings/accept.ts";
import { findingId } from "../../../shared/findings/identity.ts";
import { listFindings } from "../../../shared/findings/list.ts";
import { byPriority, priorityRank } from "../../../shared/findings/priority.ts";
import { reconcile } from "../../../shared/findings/reconcile.ts";
import { setRunning } from "../../../shared/findings/running.ts";
import { findingsOfResource, getFinding, getTimeline } from "../../../shared/findings/store.ts";
import { type Cause, type Observation, type Resource, severities } from "../../../shared/findings/types.ts";
import type { Log, Table } from "../../../shared/platform/ports.ts";
import { memoryTable } from "../../support/memory-table.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const resource: Resource = { type: "image", id: "registry.example/app@sha256:aa" };

function platformAt(start = Date.parse("2026-03-01T00:00:00Z")) {
  let now = start;
  const clock = { now: () => now };
  return { table: memoryTable(clock), clock, log: silent, advance: (milliseconds: number) => (now += milliseconds) };
}

function observation(rule: string, more: Partial<Observation> = {}): Observation {
  return {
    kind: "vulnerability",
    rule,
    subject: "pkg:npm/lodash@4.17.15",
    title: `${rule} in lodash`,
    severity: "high",
    exploited: false,
    evidence: { package: { name: "lodash", version: "4.17.15" } },
    links: [],
    ...more,
  };
}

const cause = (id: string): Cause => ({ id, kind: "scan", time: "2026-03-01T00:00:00Z" });

function scan(
  platform: ReturnType<typeof platformAt>,
  id: string,
  observations: readonly Observation[],
  on = resource,
) {
  return reconcile(platform, { resource: on, kinds: ["vulnerability"], observations, cause: cause(id) });
}

describe("reconcile", () => {
  it("opens, keeps, resolves and reopens, with one timeline entry per transition", async () => {
    const platform = platformAt();
    const first = await scan(platform, "s1", [observation("CVE-1"), observation("CVE-2")]);
    expect(first.introduced.map(({ rule }) => rule)).toEqual(["CVE-1", "CVE-2"]);
    const second = await scan(platform, "s2", [observation("CVE-1")]);
    expect(second.introduced).toEqual([]);
    expect(second.fixed.map(({ rule }) => rule)).toEqual(["CVE-2"]);
    const third = await scan(platform, "s3", [observation("CVE-1"), observation("CVE-2")]);
    expect(third.introduced.map(({ rule }) => rule)).toEqual(["CVE-2"]);
    const id = findingId("vulnerability", resource, "CVE-2", "pkg:npm/lodash@4.17.15");
    const timeline = await getTimeline(platform.table, id);
    expect(timeline.map(({ transition }) => transition)).toEqual(["opened", "resolved", "reopened"]);
    expect(timeline.map((entry) => entry.cause.id)).toEqual(["s1", "s2", "s3"]);
    const reopened = (await getFinding(platform.table, id))?.finding;
    expect(reopened?.state).toBe("open");
    expect(reopened?.resolvedAt).toBeUndefined();
  });

  it("tells the same story when the same scan runs again", async () => {
    const platform = platformAt();
    await scan(platform, "s1", [observation("CVE-1")]);
    const once = await scan(platform, "s2", [observation("CVE-2")]);
    const twice = await scan(platform, "s2", [observation("CVE-2")]);
    expect(twice.introduced).toEqual(once.introduced);
    expect(twice.fixed).toEqual(once.fixed);
  });

  it("finishes what an interrupted run of the same scan began, and reports it whole", async () => {
    const platform = platformAt();
    const many = Array.from({ length: 100 }, (_, index) => observation(`CVE-${index}`));
    let left = 2;
    const failing: Table = {
      ...platform.table,
      transact: async (writes) => {
        if (left-- === 0) throw new Error("killed");
        return platform.table.transact(writes);
      },
    };
    await expect(
      reconcile(
        { ...platform, table: failing },
        { resource, kinds: ["vulnerability"], observations: many, cause: cause("s1") },
      ),
    ).rejects.toThrow("killed");
    const begun = (await findingsOfResource(platform.table, resource)).length;
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThan(100);
    const done = await scan(platform, "s1", many);
    expect(done.introduced).toHaveLength(100);
    const timeline = await getTimeline(platform.table, done.introduced[0]?.id ?? "");
    expect(timeline).toHaveLength(1);
  });

  it("notes a changed severity or fix as a change, and refreshes evidence silently", async () => {
    const platform = platformAt();
    const { introduced } = await scan(platform, "s1", [observation("CVE-1")]);
    const id = introduced[0]?.id ?? "";
    await scan(platform, "s2", [observation("CVE-1", { evidence: { note: "new" } })]);
    expect(await getTimeline(platform.table, id)).toHaveLength(1);
    const changed = await scan(platform, "s3", [observation("CVE-1", { severity: "critical", exploited: true })]);
    expect(changed.introduced).toEqual([]);
    const timeline = await getTimeline(platform.table, id);
    expect(timeline.at(-1)).toMatchObject({ transition: "changed", severity: "critical" });
    expect(timeline.at(-1)?.note).toContain("high -> critical");
  });

  it("gives up as transient when others keep writing, and wins a race it can win", async () => {
    const platform = platformAt();
    let losses = 2;
    const contended: Table = {
      ...platform.table,
      transact: async (writes) => (losses-- > 0 ? { written: false } : platform.table.transact(writes)),
    };
    const input = {
      resource,
      kinds: ["vulnerability"] as const,
      observations: [observation("CVE-1")],
      cause: cause("s1"),
    };
    expect((await reconcile({ ...platform, table: contended }, input)).introduced).toHaveLength(1);
    const lost: Table = { ...platform.table, transact: async () => ({ written: false }) };
    await expect(
      reconcile({ ...platform, table: lost }, { ...input, observations: [observation("CVE-9")] }),
    ).rejects.toMatchObject({ name: "TransientError", code: "finding-conflict" });
  });

  it("leaves the findings of other kinds and resources alone", async () => {
    const platform = platformAt();
    await reconcile(platform, {
      resource,
      kinds: ["coverage"],
      observations: [observation("partial", { kind: "coverage" })],
      cause: cause("c1"),
    });
    await scan(platform, "s1", []);
    const states = (await findingsOfResource(platform.table, resource)).map(({ finding }) => finding.state);
    expect(states).toEqual(["open"]);
  });

  it("property: after any sequence of scans exactly what the last one saw is open", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.subarray(["A", "B", "C", "D"]), { minLength: 1, maxLength: 6 }), async (scans) => {
        const platform = platformAt();
        let number = 0;
        for (const rules of scans)
          await scan(
            platform,
            `s${number++}`,
            rules.map((rule) => observation(rule)),
          );
        const stored = await findingsOfResource(platform.table, resource);
        const open = stored.filter(({ finding }) => finding.state === "open").map(({ finding }) => finding.rule);
        expect(open.sort()).toEqual([...(scans.at(-1) ?? [])].sort());
        const listed = await listFindings(platform.table, { state: "open" }, 100);
        expect(listed.findings.map(({ rule }) => rule).sort()).toEqual(open);
        const resolved = await listFindings(platform.table, { state: "resolved" }, 100);
        expect(resolved.findings).toHaveLength(stored.length - open.length);
      }),
      { numRuns: 40 },
    );
  });
});

describe("acceptance", () => {
  it("hides until its date, survives scans, and opens again after it", async () => {
    const platform = platformAt();
    const { introduced } = await scan(platform, "s1", [observation("CVE-1")]);
    const id = introduced[0]?.id ?? "";
    await acceptFinding(platform, { id, by: "ana", reason: "not reachable", until: "2026-03-02T00:00:00Z" });
    expect((await scan(platform, "s2", [observation("CVE-1")])).open).toEqual([]);
    expect((await listFindings(platform.table, { state: "accepted" }, 10)).findings).toHaveLength(1);
    expect(await expireAcceptances(platform)).toEqual([]);
    platform.advance(86_400_000 + 1);
    expect((await expireAcceptances(platform)).map((finding) => finding.id)).toEqual([id]);
    expect(await expireAcceptances(platform)).toEqual([]);
    const timeline = await getTimeline(platform.table, id);
    expect(timeline.map(({ transition }) => transition)).toEqual(["opened", "accepted", "acceptance-expired"]);
    expect(timeline[1]?.note).toContain("not reachable");
    expect((await listFindings(platform.table, { state: "open" }, 10)).findings).toHaveLength(1);
  });

  it("stays accepted when the finding goes and comes back before the date", async () => {
    const platform = platformAt();
    const { introduced } = await scan(platform, "s1", [observation("CVE-1")]);
    const id = introduced[0]?.id ?? "";
    await acceptFinding(platform, { id, by: "ana", reason: "r", until: "2026-04-01T00:00:00Z" });
    await scan(platform, "s2", []);
    const back = await scan(platform, "s3", [observation("CVE-1")]);
    expect(back.introduced).toEqual([]);
    expect((await getFinding(platform.table, id))?.finding.state).toBe("accepted");
  });

  it("refuses the past, the unknown and the resolved", async () => {
    const platform = platformAt();
    const { introduced } = await scan(platform, "s1", [observation("CVE-1")]);
    const id = introduced[0]?.id ?? "";
    const input = { id, by: "ana", reason: "r", until: "2026-02-01T00:00:00Z" };
    await expect(acceptFinding(platform, input)).rejects.toMatchObject({ code: "acceptance-in-the-past" });
    const later = { ...input, until: "2026-12-01T00:00:00Z" };
    await expect(acceptFinding(platform, { ...later, id: "0".repeat(32) })).rejects.toMatchObject({
      code: "finding-unknown",
    });
    await scan(platform, "s2", []);
    await expect(acceptFinding(platform, later)).rejects.toMatchObject({ code: "finding-resolved" });
  });
});

describe("lists", () => {
  it("puts the known exploited and critical first and what runs before what does not", () => {
    const base = { rule: "R", exploited: false, running: [] as string[], severity: "high" as const };
    const running = { ...base, running: ["web"] };
    const exploited = { ...base, exploited: true, severity: "low" as const };
    const sorted = [base, running, exploited].sort(byPriority);
    expect(sorted).toEqual([exploited, running, base]);
    expect(severities.map((severity) => priorityRank({ ...base, severity }))).toEqual([1, 3, 5, 7, 9, 11]);
  });

  it("pages through every finding once, in order of rank, whatever the page size and filter", async () => {
    const platform = platformAt();
    const images = ["a", "b", "c"].map(
      (name): Resource => ({ type: "image", id: `registry.example/${name}@sha256:1` }),
    );
    for (const [index, on] of images.entries()) {
      const observations = severities.flatMap((severity, position) =>
        Array.from({ length: 7 }, (_, number) =>
          observation(`CVE-${position}-${number}`, {
            severity,
            exploited: number === 0,
            ...(number % 2 ? { fixedVersion: "2" } : {}),
          }),
        ),
      );
      await scan(platform, `s${index}`, observations, on);
    }
    await setRunning(platform, images[1] ?? resource, ["web"], cause("r"));
    for (const limit of [1, 5, 126, 1000]) {
      const seen: string[] = [];
      const ranks: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await listFindings(platform.table, { state: "open" }, limit, cursor);
        expect(page.findings.length).toBeLessThanOrEqual(limit);
        seen.push(...page.findings.map(({ id }) => id));
        ranks.push(...page.findings.map(priorityRank));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(new Set(seen).size).toBe(126);
      expect(seen).toHaveLength(126);
      expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    }
    const running = await listFindings(platform.table, { state: "open", running: true }, 1000);
    expect(running.findings).toHaveLength(42);
    const still = await listFindings(platform.table, { state: "open", running: false, severity: "high" }, 1000);
    expect(still.findings).toHaveLength(28);
    const fixable = await listFindings(
      platform.table,
      { state: "open", fixable: true, repository: "registry.example/a" },
      1000,
    );
    expect(fixable.findings).toHaveLength(18);
    const one = await listFindings(platform.table, { state: "open", resource: images[0] ?? resource }, 5);
    expect(one.findings).toHaveLength(5);
    expect(one.next).toBeDefined();
  });

  it("refuses cursors that were not handed out", async () => {
    const platform = platformAt();
    await expect(listFindings(platform.table, { state: "open" }, 5, "nonsense")).rejects.toMatchObject({
      code: "bad-cursor",
    });
  });
});
