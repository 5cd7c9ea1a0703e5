import { describe, expect, test } from "vitest";
import { fetchEach } from "../../../../shared/advisories/sources/each.ts";
import type { Fetcher } from "../../../../shared/advisories/types.ts";
import { PermanentError, TransientError } from "../../../../shared/platform/errors.ts";

/** Gives every document its path as content, but for those that are missing or unreachable. */
function fetcherOf(missing: readonly string[], unreachable: readonly string[] = []) {
  const progressed: number[] = [];
  let atOnce = 0;
  let most = 0;
  const fetcher: Fetcher = {
    base: "http://upstream.example",
    cursors: {},
    now: () => 0,
    wants: () => true,
    progress: (done) => progressed.push(done),
    file: () => Promise.reject(new Error("no files")),
    async bytes(path) {
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setTimeout(resolve, path.length % 3));
      atOnce--;
      if (missing.includes(path)) throw new PermanentError("advisories-refused", `${path} answered 404`);
      if (unreachable.includes(path)) throw new TransientError("advisories-unreachable", `${path} timed out`);
      return Buffer.from(path);
    },
  };
  return { fetcher, progressed, most: () => most };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `d${"x".repeat(index % 5)}${index}`);

async function read(documents: AsyncIterable<{ readonly file: string; readonly problem?: string }>) {
  const read: string[] = [];
  for await (const { file, problem } of documents) read.push(problem === undefined ? file : `${file}!`);
  return read;
}

describe("many documents", () => {
  test("come in order, a few at a time, with progress", async () => {
    const { fetcher, progressed, most } = fetcherOf([]);
    const { documents, missing } = fetchEach(fetcher, names(40));
    expect(await read(documents)).toEqual(names(40));
    expect(progressed).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(most()).toBeLessThanOrEqual(8);
    expect(missing()).toBe("");
  });

  test("one that is refused is told, and remembered; those of the last time are asked for too, once", async () => {
    const { fetcher } = fetcherOf(["b", "old"]);
    const { documents, missing } = fetchEach(fetcher, ["a", "b", "c"], { again: "old c older" });
    expect(await read(documents)).toEqual(["a", "b!", "c", "old!", "older"]);
    expect(missing()).toBe("b old");
  });

  test("what is remembered from before does not make all of it fail, most of what is new does", async () => {
    const old = names(30);
    const { fetcher } = fetcherOf(old);
    expect(await read(fetchEach(fetcher, ["a"], { again: old.join(" ") }).documents)).toHaveLength(31);
    await expect(read(fetchEach(fetcherOf(["a", "b"]).fetcher, ["a", "b", "c"]).documents)).rejects.toMatchObject({
      code: "advisories-refused",
    });
  });

  test("a server that is gone is not taken for a missing document", async () => {
    const { fetcher } = fetcherOf([], ["c"]);
    await expect(read(fetchEach(fetcher, names(20).concat("c")).documents)).rejects.toMatchObject({
      code: "advisories-unreachable",
    });
  });
});
