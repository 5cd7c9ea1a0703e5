/** What other scanners are known to get wrong about packages of operating systems, one by one. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import type { LayerFile } from "../../../local/demo/build-image.ts";
import { readImage } from "../../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../../shared/inventory/record.ts";
import { berkeleyOf, ndbOf } from "./extractors/rpm-writers.ts";
import { dpkgStatus, imageOf, inventoryOf, packagesIn } from "./images.ts";
import { rpmHeader } from "./rpm-header.ts";

const folder = mkdtempSync(join(tmpdir(), "portwarden-pitfalls-"));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

/** As SQLite writes it; with `newer`, the file, and the log in which these still stand. */
function sqliteOf(blobs: readonly Buffer[], newer: readonly Buffer[] = []): { file: Buffer; wal: Buffer } {
  made++;
  const path = join(folder, `${made}.sqlite`);
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
  database.exec("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)");
  const insert = database.prepare("INSERT INTO Packages (blob) VALUES (?)");
  for (const blob of blobs) insert.run(blob);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  for (const blob of newer) insert.run(blob);
  const found = { file: readFileSync(path), wal: readFileSync(`${path}-wal`) };
  database.close();
  return found;
}

const bash = rpmHeader({ name: "bash", version: "5.1", release: "1.el9" });
const oldBash = rpmHeader({ name: "bash", version: "4.4", release: "1.el8" });
const curl = rpmHeader({ name: "curl", version: "8.0", release: "2.el9" });
const rpmFile = (name: string, content: Buffer, directory = "var/lib/rpm"): LayerFile => ({
  path: `${directory}/${name}`,
  content,
});
const berkeley = (...blobs: Buffer[]): Buffer => berkeleyOf(blobs, { pageSize: 4096, order: "little" });

describe("pitfall 1: source packages", () => {
  it("a source has its own name and version, where the format says so", async () => {
    const status =
      "Package: libmount1\nStatus: install ok installed\nSource: util-linux (2.41-4)\nVersion: 2.41-4+b1\nArchitecture: amd64\n";
    const apk = "P:ssl_client\nV:1.36.1-r29\nA:x86_64\no:busybox\n\n";
    const { packages } = await inventoryOf([
      [
        { path: "var/lib/dpkg/status", content: status },
        { path: "lib/apk/db/installed", content: apk },
      ],
    ]);
    expect(packages.map(({ source }) => source)).toEqual([
      { name: "busybox", version: "1.36.1-r29" },
      { name: "util-linux", version: "2.41-4" },
    ]);
  });
});

describe("pitfall 2: epochs of sub-packages", () => {
  it("the package's own epoch is kept, the source's is not made up", async () => {
    const errno = rpmHeader({
      name: "perl-Errno",
      version: "1.28",
      release: "1.el8",
      epoch: 0,
      sourceRpm: "perl-5.26.3-1.el8.src.rpm",
    });
    const { packages } = await inventoryOf([[rpmFile("rpmdb.sqlite", sqliteOf([errno, bash]).file)]]);
    expect(packages.map(({ version, source }) => [version, source?.version])).toEqual([
      ["5.1-1.el9", undefined],
      ["0:1.28-1.el8", "5.26.3-1.el8"],
    ]);
  });
});

describe("pitfall 3: modularity", () => {
  it("the label comes whole from databases of every form", async () => {
    const label = "nodejs:20:9030020231123:rhel9";
    const npm = rpmHeader({ name: "npm", version: "10.2.3", release: "1", epoch: 1, modularity: label });
    for (const file of [
      rpmFile("rpmdb.sqlite", sqliteOf([npm]).file),
      rpmFile("Packages.db", ndbOf([npm], [])),
      rpmFile("Packages", berkeley(npm)),
    ]) {
      const { packages } = await inventoryOf([[file]]);
      expect(packages.map(({ modularity, version }) => [modularity, version])).toEqual([[label, "1:10.2.3-1"]]);
    }
  });
});

describe("pitfall 4: streams of Red Hat Enterprise Linux", () => {
  it("content sets are known by layer, also where only an upper layer has them; labels by file and configuration", async () => {
    const manifest = { path: "root/buildinfo/content_manifests/a.json", content: '{"content_sets":["rhel-8-eus"]}' };
    const image = imageOf([{ files: [rpmFile("Packages", berkeley(bash))] }, { files: [manifest] }]);
    const labels = { "com.redhat.component": "ubi8-container", cpe: "cpe:/o:redhat:enterprise_linux:8.6" };
    const configured = { ...image, configuration: { ...image.configuration, config: { labels } } };
    const { contentSets, products, layers } = await readImage(configured, { records: layerRecordsInMemory() });
    expect(contentSets).toMatchObject([{ names: ["rhel-8-eus"], location: { layer: layers[1]?.diffId } }]);
    expect(products).toEqual([{ component: "ubi8-container", cpe: "cpe:/o:redhat:enterprise_linux:8.6" }]);
  });

  it("labels that anybody may set tell no product", async () => {
    const image = imageOf([{ files: [] }]);
    const configured = { ...image, configuration: { ...image.configuration, config: { labels: { name: "mine" } } } };
    expect((await readImage(configured, { records: layerRecordsInMemory() })).products).toBeUndefined();
  });
});

describe("pitfall 8: language packages that an OS package installed", () => {
  const path = "usr/lib/python3/dist-packages/requests-2.28.1.egg-info";
  const evidence: LayerFile = { path, content: "Metadata-Version: 2.1\nName: requests\nVersion: 2.28.1\n" };
  const wall = [
    '{"jsonwall":"1.0"}',
    `{"kind":"content","slice":"python3-requests_libs","path":"/${path}"}`,
    '{"kind":"package","name":"python3-requests","version":"2.28.1-1","arch":"all"}',
  ].join("\n");
  const desc = "%NAME%\npython3-requests\n\n%VERSION%\n2.28.1-1\n\n";
  const control = "Package: python3-requests\nVersion: 2.28.1-1\n";

  it.each<[manager: string, files: readonly LayerFile[]]>([
    [
      "deb",
      [
        dpkgStatus(["python3-requests", "2.28.1-1"]),
        { path: "var/lib/dpkg/info/python3-requests.list", content: `/.\n/${path}\n` },
      ],
    ],
    [
      "deb",
      [
        { path: "var/lib/dpkg/status.d/python3-requests", content: control },
        {
          path: "var/lib/dpkg/status.d/python3-requests.md5sums",
          content: `d41d8cd98f00b204e9800998ecf8427e  ${path}\n`,
        },
      ],
    ],
    ["deb", [{ path: "var/lib/chisel/manifest.wall", content: wall }]],
    [
      "apk",
      [
        {
          path: "lib/apk/db/installed",
          content: `P:python3-requests\nV:2.28.1-1\nF:${path.slice(0, path.lastIndexOf("/"))}\nR:${path.slice(path.lastIndexOf("/") + 1)}\n\n`,
        },
      ],
    ],
    [
      "alpm",
      [
        { path: "var/lib/pacman/local/python3-requests-2.28.1-1/desc", content: desc },
        { path: "var/lib/pacman/local/python3-requests-2.28.1-1/files", content: `%FILES%\nusr/\n${path}\n` },
      ],
    ],
    [
      "opkg",
      [
        { path: "usr/lib/opkg/status", content: `${control}Status: install user installed\n` },
        { path: "usr/lib/opkg/info/python3-requests.list", content: `/${path}\n` },
      ],
    ],
    [
      "rpm",
      [
        rpmFile(
          "Packages",
          berkeley(rpmHeader({ name: "python3-requests", version: "2.28.1", release: "1", files: `/${path}` })),
        ),
      ],
    ],
  ])("are marked with their owner: %s", async (manager, files) => {
    const { packages } = await inventoryOf([[...files], [evidence]]);
    const owner = packages.find(({ type }) => type === manager);
    expect(owner?.name).toBe("python3-requests");
    expect(packages.find(({ type }) => type === "pypi")).toMatchObject({ name: "requests", ownedBy: owner?.purl });
  });
});

describe("pitfall 9: packages of others", () => {
  it("vendor and maintainer are kept", async () => {
    const docker = rpmHeader({ name: "docker-ce", version: "24.0", release: "1.el9", vendor: "Docker" });
    const status =
      "Package: nodejs\nStatus: install ok installed\nMaintainer: NodeSource <x@nodesource.com>\nVersion: 20-1\n";
    const { packages } = await inventoryOf([
      [rpmFile("rpmdb.sqlite", sqliteOf([docker]).file), { path: "var/lib/dpkg/status", content: status }],
    ]);
    expect(packages.map(({ vendor }) => vendor)).toEqual(["NodeSource <x@nodesource.com>", "Docker"]);
  });
});

describe("pitfall 15: Alpine's edge", () => {
  it("is told by os-release and by repositories, and has no end of life", async () => {
    const { distribution, repositories } = await inventoryOf([
      [
        { path: "etc/os-release", content: "ID=alpine\nVERSION_ID=3.21_alpha20240807\n" },
        { path: "etc/apk/repositories", content: "https://dl-cdn.alpinelinux.org/alpine/edge/main\n" },
      ],
    ]);
    expect(distribution).toEqual({ id: "alpine", versionId: "3.21_alpha20240807", idLike: [], family: "alpine" });
    expect(repositories?.map(({ release, component }) => [release, component])).toEqual([["edge", "main"]]);
  });

  it("a later layer's repositories replace the former", async () => {
    const repositories = (branch: string): LayerFile => ({
      path: "etc/apk/repositories",
      content: `https://dl-cdn.alpinelinux.org/alpine/${branch}/main\n`,
    });
    const inventory = await inventoryOf([[repositories("v3.20")], [repositories("edge")]]);
    expect(inventory.repositories?.map(({ release }) => release)).toEqual(["edge"]);
  });
});

describe("pitfall 16: Debian's versions", () => {
  it.each(["1:2.3~rc1-4", "2.36-9+deb12u8", "5.2.15-2+b7", "1.2~bpo12+1", "0~20230101+dfsg-1"])(
    "%s is kept as it is",
    async (version) => {
      expect(packagesIn(await inventoryOf([[dpkgStatus(["a", version])]]))).toEqual([`a@${version}`]);
    },
  );
});

describe("pitfall 18: databases of RPM", () => {
  it("packages that only the write-ahead log holds count", async () => {
    const { file, wal } = sqliteOf([bash], [curl]);
    const inventory = await inventoryOf([[rpmFile("rpmdb.sqlite", file), rpmFile("rpmdb.sqlite-wal", wal)]]);
    expect(packagesIn(inventory)).toEqual(["bash@5.1-1.el9", "curl@8.0-2.el9"]);
    expect(inventory.partial).toEqual([]);
  });

  it("a log without its database is told of", async () => {
    const { wal } = sqliteOf([bash], [curl]);
    const inventory = await inventoryOf([[rpmFile("rpmdb.sqlite-wal", wal)]]);
    expect(packagesIn(inventory)).toEqual([]);
    expect(inventory.partial).toMatchObject([{ reason: "rpm-log-without-database" }]);
  });

  it.each([
    ["in one layer", (old: LayerFile, recent: LayerFile) => [[old, recent]]],
    ["in two", (old: LayerFile, recent: LayerFile) => [[old], [recent]]],
  ])("of two forms that a migration left %s the newer counts, and a remark says so", async (_where, layers) => {
    const old = rpmFile("Packages", berkeley(oldBash));
    for (const recent of [rpmFile("rpmdb.sqlite", sqliteOf([bash]).file), rpmFile("Packages.db", ndbOf([bash], []))]) {
      const inventory = await inventoryOf(layers(old, recent));
      expect(packagesIn(inventory)).toEqual(["bash@5.1-1.el9"]);
      expect(inventory.partial).toEqual([]);
      expect(inventory.remarks).toMatchObject([{ reason: "superseded-database", path: "var/lib/rpm/Packages" }]);
    }
  });

  it("a newer form that is empty, broken or removed again supersedes nothing", async () => {
    const old = rpmFile("Packages", berkeley(oldBash));
    const empty = await inventoryOf([[old, rpmFile("rpmdb.sqlite", sqliteOf([]).file)]]);
    expect([packagesIn(empty), empty.remarks]).toEqual([["bash@4.4-1.el8"], undefined]);
    const cut = await inventoryOf([[old, rpmFile("rpmdb.sqlite", sqliteOf([bash]).file.subarray(0, 4096))]]);
    expect(packagesIn(cut)).toContain("bash@4.4-1.el8");
    expect(cut.partial).toMatchObject([{ reason: "broken-database" }]);
    const removed = await inventoryOf([
      [old, rpmFile("rpmdb.sqlite", sqliteOf([bash]).file)],
      [{ path: "var/lib/rpm/.wh.rpmdb.sqlite" }],
    ]);
    expect(packagesIn(removed)).toEqual(["bash@4.4-1.el8"]);
  });

  it.each(["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"])("each form is found in %s", async (directory) => {
    for (const [name, content] of [
      ["Packages", berkeley(bash)],
      ["Packages.db", ndbOf([bash], [])],
      ["rpmdb.sqlite", sqliteOf([bash]).file],
    ] as const) {
      expect(packagesIn(await inventoryOf([[rpmFile(name, content, directory)]])), name).toEqual(["bash@5.1-1.el9"]);
    }
  });
});

describe("pitfall 19: one database by two paths", () => {
  it("a link from the old place to the new one gives every package once, and a whiteout counts by either name", async () => {
    const database = rpmFile("rpmdb.sqlite", sqliteOf([bash]).file, "usr/lib/sysimage/rpm");
    const link = { path: "var/lib/rpm", linkTo: "../../usr/lib/sysimage/rpm" };
    const { packages } = await inventoryOf([[database, link]]);
    expect(packages.map(({ locations }) => locations.map(({ path }) => path))).toEqual([
      ["usr/lib/sysimage/rpm/rpmdb.sqlite"],
    ]);
    const through = await inventoryOf([[database, link], [{ path: "var/lib/rpm/.wh.rpmdb.sqlite" }]]);
    expect(through.packages).toEqual([]);
    const apk = { path: "lib/apk/db/installed", content: "P:musl\nV:1.2.5-r0\nA:x86_64\n\n" };
    const moved = { path: "usr/lib/apk/db/installed", content: "P:musl\nV:1.2.5-r1\nA:x86_64\n\n" };
    const merged = await inventoryOf([[moved, { path: "lib", linkTo: "usr/lib" }], [apk]]);
    expect(packagesIn(merged)).toEqual(["musl@1.2.5-r0"]);
  });
});
