import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordRunning, servicesRunning } from "../../../shared/images/running.ts";
import {
  getPresence,
  listImages,
  moveTag,
  readTag,
  recordPresence,
  updateImage,
} from "../../../shared/images/store.ts";
import type { ImageName, ImageRecord } from "../../../shared/images/types.ts";
import { TransientError } from "../../../shared/platform/errors.ts";
import type { Table } from "../../../shared/platform/ports.ts";
import { memoryTable } from "../../support/memory-table.ts";

const digest = (name: string) => `sha256:${name.repeat(64).slice(0, 64)}`;
const app = { registry: "registry.example", repository: "team/app" };
const image = (name: string, repository = app.repository): ImageName => ({ ...app, repository, digest: digest(name) });
const time = (second: number) => new Date(Date.parse("2026-03-01T00:00:00Z") + second * 1000).toISOString();

const record = (name: ImageName): ImageRecord => ({ ...name, kind: "image", firstSeenAt: time(0) });

describe("a tag", () => {
  it("points where the newest fact says, in whatever order facts arrive", async () => {
    const moves = fc.array(fc.tuple(fc.constantFrom("a", "b", undefined), fc.integer({ min: 0, max: 3 })), {
      minLength: 1,
      maxLength: 6,
    });
    const property = fc.asyncProperty(moves, fc.infiniteStream(fc.nat()), async (log, random) => {
      const shuffled = [...log]
        .map((move) => ({ move, rank: random.next().value ?? 0 }))
        .sort((a, b) => a.rank - b.rank);
      const [inOrder, anyOrder] = [memoryTable(), memoryTable()];
      const put = (table: Table, [to, second]: (typeof log)[number]) =>
        moveTag(table, app, "1.0", to === undefined ? undefined : digest(to), time(second));
      for (const move of log) await put(inOrder, move);
      for (const { move } of [...shuffled, ...shuffled]) await put(anyOrder, move);
      const found = (await readTag(anyOrder, app, "1.0")).digest;
      expect(found).toBe((await readTag(inOrder, app, "1.0")).digest);
      // Of the same instant a deletion is the last.
      const newest = Math.max(...log.map(([, second]) => second));
      const last = log.filter(([, second]) => second === newest).map(([to]) => to);
      if (last.includes(undefined)) expect(found).toBeUndefined();
      else expect(last.map((to) => to && digest(to))).toContain(found);
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it("remembers the image before, through a deletion too", async () => {
    const table = memoryTable();
    await moveTag(table, app, "1.0", digest("a"), time(1));
    await moveTag(table, app, "1.0", digest("b"), time(2));
    expect(await readTag(table, app, "1.0")).toEqual({ digest: digest("b"), previous: digest("a") });
    await moveTag(table, app, "1.0", undefined, time(3));
    expect(await readTag(table, app, "1.0")).toEqual({ previous: digest("b") });
    await moveTag(table, app, "1.0", digest("a"), time(4));
    expect(await readTag(table, app, "1.0")).toEqual({ digest: digest("a"), previous: digest("b") });
    expect(await readTag(table, app, "2.0")).toEqual({});
  });

  it("is tried again when another writer came between, and given back to the queue when it keeps coming", async () => {
    const table = memoryTable();
    let losses = 3;
    const contended: Table = {
      ...table,
      put: async (put) => (losses-- > 0 ? { written: false } : table.put(put)),
    };
    await moveTag(contended, app, "1.0", digest("a"), time(1));
    expect((await readTag(table, app, "1.0")).digest).toBe(digest("a"));
    losses = Number.POSITIVE_INFINITY;
    await expect(moveTag(contended, app, "1.0", digest("b"), time(2))).rejects.toBeInstanceOf(TransientError);
    const transact = async () => ({ written: false });
    await expect(
      updateImage({ table: { ...table, transact } }, image("a"), () => record(image("a"))),
    ).rejects.toBeInstanceOf(TransientError);
  });
});

it("presence is what the newest fact says; of the same instant, the deletion", async () => {
  const table = memoryTable();
  expect(await getPresence(table, image("a"))).toBeUndefined();
  expect(await recordPresence(table, image("a"), false, time(2))).toEqual({ present: false });
  expect(await recordPresence(table, image("a"), true, time(2))).toEqual({ present: false });
  expect(await recordPresence(table, image("a"), true, time(1))).toEqual({ present: false });
  expect(await recordPresence(table, image("a"), true, time(3))).toEqual({ present: true });
  expect(await recordPresence(table, image("a"), false, time(2))).toEqual({ present: true });
  expect(await getPresence(table, image("a"))).toBe(true);
  expect(await getPresence(table, image("a", "team/other"))).toBeUndefined();
});

describe("the list of images", () => {
  it("has every image once, page by page, of all repositories or of one", async () => {
    const table = memoryTable();
    const names = ["a", "b", "c", "d"].flatMap((name) =>
      ["team/app", "team/app2", "other", "x/y/z", "deep/er"].map((repository) => image(name, repository)),
    );
    for (const name of names) await updateImage({ table }, name, () => record(name));
    for (const name of names) await updateImage({ table }, name, (before) => ({ ...record(name), ...before }));
    const all = async (filter: { repository?: string }, limit: number) => {
      const found: string[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await listImages(table, filter, limit, cursor);
        expect(page.images.length).toBeLessThanOrEqual(limit);
        found.push(...page.images.map((one) => `${one.repository}@${one.digest}`));
        cursor = page.next;
        if (++pages > 100) throw new Error("no end");
      } while (cursor !== undefined);
      return found.sort();
    };
    const expected = names.map((one) => `${one.repository}@${one.digest}`).sort();
    for (const limit of [1, 3, 7, 1000]) expect(await all({}, limit), `pages of ${limit}`).toEqual(expected);
    expect(await all({ repository: "registry.example/team/app" }, 2)).toEqual(
      expected.filter((name) => name.startsWith("team/app@")),
    );
    expect(await all({ repository: "registry.example/none" }, 2)).toEqual([]);
  });

  it.each(["", "x", "e30", "WzksIiJd", Buffer.from('[0,"a","b"]').toString("base64url"), "WzAuNSwiIl0"])(
    "refuses a cursor it did not hand out: %s",
    async (cursor) => {
      await expect(listImages(memoryTable(), {}, 10, cursor)).rejects.toMatchObject({ code: "bad-cursor" });
    },
  );
});

it("what runs is known by cluster: one that stops running an image does not hide another that still does", async () => {
  const table = memoryTable();
  const platform = { table, clock: { now: () => Date.parse(time(0)) } };
  const run = (scope: string, digests: Record<string, string[]>) =>
    recordRunning(platform, {
      scope,
      digests: new Map(Object.entries(digests).map(([name, services]) => [digest(name), services])),
      references: new Map(),
      cause: { id: scope, kind: "assessment", time: time(0) },
    });
  await run("east", { a: ["shop", "shop", "api"], b: ["api"] });
  await run("west", { a: ["batch"] });
  expect(await servicesRunning(table, [digest("a")])).toEqual(["api", "batch", "shop"]);
  await run("east", { b: ["api"] });
  await run("east", { b: ["api"] });
  expect(await servicesRunning(table, [digest("a")])).toEqual(["batch"]);
  expect(await servicesRunning(table, [digest("a"), digest("b")])).toEqual(["api", "batch"]);
});
