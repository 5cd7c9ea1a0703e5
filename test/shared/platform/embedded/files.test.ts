import { writeFileSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { embeddedBlobs } from "../../../../shared/platform/embedded/blobs.ts";
import { systemClock } from "../../../../shared/platform/embedded/clock.ts";
import { embeddedSecrets } from "../../../../shared/platform/embedded/secrets.ts";
import { openEmbeddedStore } from "../../../../shared/platform/embedded/store.ts";
import { listed } from "../../../contract/blobs.ts";
import { expectPermanent } from "../../../contract/expect.ts";
import { silentLog, temporaryDirectory } from "./support.ts";

const mode = async (path: string) => (await stat(path)).mode & 0o777;
const context = { clock: systemClock, log: silentLog };

describe("the store's file", () => {
  test("its directory and files are their owner's alone", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "new", "data");
    const store = openEmbeddedStore(data, context);
    await store.table.put({ pk: "p", sk: "s", data: 1 });
    expect(await mode(data)).toBe(0o700);
    for (const name of await readdir(data)) expect([name, await mode(join(data, name))]).toEqual([name, 0o600]);
    store.close();
  });

  test("one written by a newer version is refused and left as it is", () => {
    using directory = temporaryDirectory();
    openEmbeddedStore(directory.path, context).close();
    const path = join(directory.path, "portwarden.sqlite");
    const sqlite = new DatabaseSync(path);
    sqlite.exec("PRAGMA user_version = 99");
    sqlite.close();
    expect(() => openEmbeddedStore(directory.path, context)).toThrow(expect.objectContaining({ code: "store-newer" }));
  });

  test("one that is no database is a permanent error that says so", () => {
    using directory = temporaryDirectory();
    writeFileSync(
      join(directory.path, "portwarden.sqlite"),
      "not a database, but long enough to be looked at ".repeat(50),
    );
    expect(() => openEmbeddedStore(directory.path, context)).toThrow(expect.objectContaining({ code: "store-broken" }));
  });

  test("another process's long transaction is an outage, not an error of the caller", async () => {
    using directory = temporaryDirectory();
    const store = openEmbeddedStore(directory.path, { ...context, busyMilliseconds: 20 });
    const other = new DatabaseSync(join(directory.path, "portwarden.sqlite"));
    other.exec("BEGIN IMMEDIATE");
    const write = store.table.put({ pk: "p", sk: "s", data: 1 });
    await expect(write).rejects.toMatchObject({ name: "TransientError", code: "store-unavailable" });
    other.exec("ROLLBACK");
    other.close();
    expect(await store.table.put({ pk: "p", sk: "s", data: 1 })).toEqual({ written: true, version: 1 });
    store.close();
  });

  test("a page that ends early leaves no read transaction behind", async () => {
    using directory = temporaryDirectory();
    const store = openEmbeddedStore(directory.path, context);
    for (const sk of ["a", "b", "c"]) await store.table.put({ pk: "p", sk, data: 1 });
    await store.table.query({ pk: "p", limit: 1 });
    const other = new DatabaseSync(join(directory.path, "portwarden.sqlite"));
    expect(other.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()).toMatchObject({ busy: 0, log: 0 });
    other.close();
    store.close();
  });
});

describe("blobs in a folder", () => {
  test("any set of keys: each has its own body, all are listed in order below any prefix", async () => {
    const segment = fc.string({ unit: fc.constantFrom("a", "A", "b", ".", ":", "-", "0"), minLength: 1, maxLength: 4 });
    const long = fc.constantFrom("k".repeat(100), "k".repeat(101), "K".repeat(230), `${"k".repeat(100)}-`);
    const key = fc
      .array(fc.oneof({ weight: 5, arbitrary: segment }, { weight: 1, arbitrary: long }), {
        minLength: 1,
        maxLength: 3,
      })
      .filter((segments) => !segments.some((one) => one === "." || one === ".."))
      .map((segments) => segments.join("/"))
      .filter((joined) => joined.length <= 512);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }), async (keys) => {
        using directory = temporaryDirectory();
        const blobs = embeddedBlobs(directory.path);
        for (const one of keys) await blobs.put(one, Buffer.from(one));
        for (const one of keys) expect(String(await blobs.get(one))).toBe(one);
        const sorted = keys.toSorted((a, b) => (a < b ? -1 : 1));
        for (const prefix of ["", ...keys.map((one) => one.slice(0, Math.ceil(one.length / 2)))]) {
          expect(await listed(blobs, prefix)).toEqual(sorted.filter((one) => one.startsWith(prefix)));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("no name on the disk has a capital: keys are told apart where case is not", async () => {
    using directory = temporaryDirectory();
    const blobs = embeddedBlobs(directory.path);
    for (const key of ["a/B", "a/b", "A/b", "A/B"]) await blobs.put(key, Buffer.from(key));
    const names = await readdir(join(directory.path, "blobs"), { recursive: true });
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => name !== name.toLowerCase())).toEqual([]);
  });

  test("what an interrupted write left is never listed, and goes after a while", async () => {
    using directory = temporaryDirectory();
    const left = join(directory.path, "blobs.tmp");
    await mkdir(left, { recursive: true });
    await writeFile(join(left, "old"), "half");
    await writeFile(join(left, "young"), "half");
    await utimes(join(left, "old"), 0, 0);
    const blobs = embeddedBlobs(directory.path, { fsync: true });
    await blobs.put("a", Buffer.from("whole"));
    expect(await listed(blobs, "")).toEqual(["a"]);
    expect(await readdir(left)).toEqual(["young"]);
  });

  test("a disk that fails is a transient error", async () => {
    using directory = temporaryDirectory();
    await writeFile(join(directory.path, "blobs"), "a file where the folder should be");
    const blobs = embeddedBlobs(directory.path);
    const outage = { name: "TransientError", code: "blobs-unavailable" };
    await expect(blobs.put("a/b", Buffer.from("x"))).rejects.toMatchObject(outage);
    await expect(blobs.get("a/b")).rejects.toMatchObject(outage);
  });
});

describe("secrets in files", () => {
  test("a file that group or others may touch is refused until that is mended", async () => {
    using directory = temporaryDirectory();
    const secrets = embeddedSecrets(directory.path);
    await secrets.set("token", "s3cret");
    const path = join(directory.path, "secrets", "token");
    expect(await mode(path)).toBe(0o600);
    expect(await mode(join(directory.path, "secrets"))).toBe(0o700);
    expect(await secrets.get("token")).toBe("s3cret");
    for (const exposed of [0o640, 0o604, 0o620]) {
      await chmod(path, exposed);
      const failure = secrets.get("token");
      await expectPermanent(failure, "secret-exposed");
      await expect(failure).rejects.not.toThrow(/s3cret/);
    }
    await chmod(path, 0o400);
    expect(await secrets.get("token")).toBe("s3cret");
  });

  test("a changed file is read again; its last newline is not part of the secret", async () => {
    using directory = temporaryDirectory();
    const secrets = embeddedSecrets(directory.path);
    await secrets.set("token", "first");
    expect(await secrets.get("token")).toBe("first");
    const path = join(directory.path, "secrets", "token");
    await writeFile(path, "a second one\n");
    expect(await secrets.get("token")).toBe("a second one");
    await secrets.set("token", "ends in a newline\n");
    expect(await secrets.get("token")).toBe("ends in a newline\n");
    expect(await readFile(path, "utf8")).toBe("ends in a newline\n\n");
  });

  test("given values come before files; a folder or a huge file is no secret", async () => {
    using directory = temporaryDirectory();
    const secrets = embeddedSecrets(directory.path, { token: "given" });
    await secrets.set("token", "stored");
    expect(await secrets.get("token")).toBe("given");
    await mkdir(join(directory.path, "secrets", "folder"));
    await expectPermanent(secrets.get("folder"), "secret-missing");
    await secrets.set("huge", "x".repeat(100_000));
    await expectPermanent(secrets.get("huge"), "secret-too-large");
    await expectPermanent(secrets.get("constructor"), "secret-missing");
  });
});
