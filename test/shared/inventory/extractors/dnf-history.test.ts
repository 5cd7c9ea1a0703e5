/** The history of dnf: which repository each package came from. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import type { Facts } from "../../../../shared/inventory/extractor.ts";
import { extractor } from "../../../../shared/inventory/extractors/dnf-history/extractor.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { inventoryOf } from "../images.ts";
import { rpmHeader } from "../rpm-header.ts";
import { expectBounded } from "./mutated.ts";
import { ndbOf } from "./rpm-writers.ts";

const folder = mkdtempSync(join(tmpdir(), "portwarden-history-"));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

function database(statements: readonly string[]): Buffer {
  made++;
  const path = join(folder, `${made}.sqlite`);
  const written = new DatabaseSync(path);
  for (const one of statements) written.exec(one);
  written.close();
  return readFileSync(path);
}

const four = "var/lib/dnf/history.sqlite";
const five = "usr/lib/sysimage/libdnf5/transaction_history.sqlite";

/** `items`: item, repository, action, state, in the order of their transactions. */
function historyOfFour(
  items: readonly (readonly [item: number, repo: number, action: number, state: number])[],
): Buffer {
  return database([
    "CREATE TABLE repo (id INTEGER PRIMARY KEY, repoid TEXT NOT NULL)",
    "INSERT INTO repo (repoid) VALUES ('baseos'), ('epel'), ('@System')",
    `CREATE TABLE trans_item (id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER, item_id INTEGER,
      repo_id INTEGER, action INTEGER, reason INTEGER, state INTEGER)`,
    ...items.map(
      ([item, repo, action, state]) =>
        `INSERT INTO trans_item (trans_id, item_id, repo_id, action, reason, state)
         VALUES (1, ${item}, ${repo}, ${action}, 2, ${state})`,
    ),
    "CREATE TABLE rpm (item_id INTEGER UNIQUE NOT NULL, name TEXT, epoch INTEGER, version TEXT, release TEXT, arch TEXT)",
    "INSERT INTO rpm VALUES (1, 'bash', 0, '5.1', '1.el9', 'x86_64'), (2, 'perl', 4, '5.32', '2.el9', 'x86_64')",
  ]);
}

function extract(content: Buffer, path = four): Facts {
  return extractor.extract({ path, content, companions: new Map(), isLanguageEvidence: () => false });
}

const bash = { type: "rpm", name: "bash", version: "5.1-1.el9", architecture: "x86_64" };
const perl = { type: "rpm", name: "perl", version: "4:5.32-2.el9", architecture: "x86_64" };

describe("dnf's history", () => {
  it("version 4: the last transaction that brought a package counts, what failed or removed does not", () => {
    const history = historyOfFour([
      [1, 1, 1, 1],
      [2, 2, 6, 1],
      // Reinstalled out of another repository; then one that failed, a removal, and what was on the system before.
      [1, 2, 9, 1],
      [1, 1, 1, 2],
      [1, 1, 8, 1],
      [2, 3, 1, 1],
      [9, 1, 1, 1],
    ]);
    expect(extract(history).installedFrom).toEqual([
      { ...bash, repository: "epel" },
      { ...perl, repository: "epel" },
    ]);
  });

  it("version 5: with names, architectures, actions and states in tables of their own", () => {
    const history = database([
      "CREATE TABLE repo (id INTEGER, repoid TEXT NOT NULL, PRIMARY KEY (id))",
      "INSERT INTO repo VALUES (7, 'fedora'), (8, 'updates')",
      "CREATE TABLE pkg_name (id INTEGER, name TEXT NOT NULL UNIQUE, PRIMARY KEY (id))",
      "INSERT INTO pkg_name VALUES (3, 'bash'), (4, 'perl')",
      "CREATE TABLE arch (id INTEGER, name TEXT NOT NULL UNIQUE, PRIMARY KEY (id))",
      "INSERT INTO arch VALUES (5, 'x86_64')",
      "CREATE TABLE trans_item_action (id INTEGER, name TEXT, PRIMARY KEY (id))",
      "INSERT INTO trans_item_action VALUES (1, 'Install'), (5, 'Remove')",
      "CREATE TABLE trans_item_state (id INTEGER, name TEXT, PRIMARY KEY (id))",
      "INSERT INTO trans_item_state VALUES (1, 'Started'), (2, 'Ok'), (3, 'Error')",
      `CREATE TABLE trans_item (id INTEGER, trans_id INTEGER, item_id INTEGER, repo_id INTEGER, action_id INTEGER,
        reason_id INTEGER, state_id INTEGER, PRIMARY KEY (id AUTOINCREMENT))`,
      `INSERT INTO trans_item (trans_id, item_id, repo_id, action_id, reason_id, state_id)
        VALUES (1, 1, 7, 1, 2, 2), (1, 2, 8, 1, 2, 1), (2, 1, 8, 5, 2, 2), (2, 2, 7, 1, 2, 3)`,
      "CREATE TABLE rpm (item_id INTEGER, name_id INTEGER, epoch INTEGER, version TEXT, release TEXT, arch_id INTEGER)",
      "INSERT INTO rpm VALUES (1, 3, 0, '5.1', '1.el9', 5), (2, 4, 4, '5.32', '2.el9', 5)",
    ]);
    expect(extract(history, five).installedFrom).toEqual([
      { ...bash, repository: "fedora" },
      { ...perl, repository: "updates" },
    ]);
  });

  it("is met with the packages of the image, whichever layer brought it; a missing epoch is one of 0", async () => {
    const header = (name: string, version: string, epoch?: number): Buffer =>
      rpmHeader({
        name,
        version,
        release: name === "perl" ? "2.el9" : "1.el9",
        architecture: "x86_64",
        ...(epoch !== undefined && { epoch }),
      });
    const packages = ndbOf([header("bash", "5.1", 0), header("perl", "5.32", 4), header("curl", "8.0")], []);
    const history = historyOfFour([
      [1, 1, 1, 1],
      [2, 2, 1, 1],
    ]);
    const inventory = await inventoryOf([
      [{ path: "var/lib/rpm/Packages.db", content: packages }],
      [{ path: four, content: history }],
    ]);
    expect(inventory.packages.map(({ name, repository }) => [name, repository])).toEqual([
      ["bash", "baseos"],
      ["curl", undefined],
      ["perl", "epel"],
    ]);
  });

  it("a damaged one is told of, an empty one is not", () => {
    expect(extract(Buffer.alloc(0))).toEqual({});
    expect(extract(historyOfFour([[1, 1, 1, 1]]).subarray(0, 5000)).partial).toMatchObject([
      { reason: "broken-history" },
    ]);
    const sample = historyOfFour([
      [1, 1, 1, 1],
      [2, 2, 1, 1],
    ]);
    for (const path of [four, five]) expectBounded(extractor, path, sample);
  });

  it.skipIf(sharedData === undefined)("real ones of both versions (needs the shared data)", () => {
    const read = (name: string, path: string) =>
      extract(readFileSync(`${sharedData}images/rpmdb/dnf-history/${name}`), path).installedFrom ?? [];
    const ofFour = read("dnf4-history.sqlite", four);
    expect(ofFour).toHaveLength(55);
    expect(ofFour).toContainEqual({
      type: "rpm",
      name: "scl-utils",
      version: "1:2.0.3-4.el9",
      architecture: "x86_64",
      repository: "rhel-9-for-x86_64-appstream-rpms",
    });
    expect(read("dnf5-transaction_history.sqlite", five)).toHaveLength(123);
  });
});
