import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { PackageType } from "../../../shared/inventory/types.ts";
import { matchInventory } from "../../../shared/matching/match.ts";
import { ecosystems } from "../../../shared/matching/registry.generated.ts";
import { type Brief, inventoryOf } from "./inventory.ts";
import { loadContent } from "./normalised.ts";

const fixed = (version: string) => ({ ranges: [[["introduced", "0"] as const, ["fixed", version] as const]] });

/** Complete, or it does not compile. */
const everyType: Readonly<Record<PackageType, true>> = {
  deb: true,
  apk: true,
  rpm: true,
  alpm: true,
  opkg: true,
  npm: true,
  pypi: true,
  gem: true,
  composer: true,
  pear: true,
  maven: true,
  golang: true,
  cargo: true,
  nuget: true,
  conda: true,
  pub: true,
  hex: true,
  otp: true,
  cran: true,
  cpan: true,
  conan: true,
  cocoapods: true,
  swift: true,
  bitnami: true,
  generic: true,
};
const types = Object.keys(everyType) as PackageType[];

describe("what cannot be judged is told, of every type of package", () => {
  test.each(types)("%s, when the set has nothing of it", async (type) => {
    const advisories = await loadContent({
      records: [{ id: "CVE-2026-0001", affected: [{ ecosystem: "Hackage", name: "x", ...fixed("2") }] }],
    });
    for (const distribution of [undefined, { id: "debian", versionId: "12" }, { id: "unheard-of" }]) {
      const inventory = inventoryOf([{ type, name: type === "maven" ? "g:a" : "a", version: "1" }], distribution);
      const { vulnerabilities, notEvaluated } = await matchInventory(inventory, advisories);
      expect(vulnerabilities).toEqual([]);
      expect(notEvaluated).toEqual([
        {
          purl: inventory.packages[0]?.purl,
          reason: expect.stringMatching(/^(?:no-advisories-for .+|distribution-unknown)$/),
        },
      ]);
    }
  });

  test.each(ecosystems.map((ecosystem) => [ecosystem.name, ecosystem] as const))(
    "%s: a version that cannot be read is, once for each package",
    async (name, { type, kind }) => {
      // Of a distribution only the ones whose shards need no release are asked here.
      if (kind === "os" && !["Arch", "Wolfi", "Chainguard"].includes(name)) return;
      const affected = ["1", "2"].map((id) => ({
        id: `CVE-2026-000${id}`,
        affected: [{ ecosystem: name, name: type === "maven" ? "g:a" : "a", source: true as const, ...fixed(id) }],
      }));
      const records = affected.map((record) => ({
        ...record,
        affected: record.affected.map(({ source, ...rest }) => (name === "Kubernetes" ? { ...rest, source } : rest)),
      }));
      const item: Brief = { type, name: type === "maven" ? "g:a" : "a", version: " " };
      const distribution = kind === "os" ? { id: name.toLowerCase() } : undefined;
      const { vulnerabilities, notEvaluated } = await matchInventory(
        inventoryOf([item], distribution),
        await loadContent({ records }),
      );
      // Maven, pacman and some others can order any text.
      if (vulnerabilities.length > 0) return;
      expect(notEvaluated.map(({ reason }) => reason)).toEqual(["version-unparsable"]);
    },
  );
});

describe("a package that another one brought", () => {
  const node = "pkg:deb/debian/nodejs@20.1.0-1nodesource1";
  const requests = "pkg:deb/debian/python3-requests@2.28.1";
  const inventory = inventoryOf(
    [
      { type: "deb", name: "nodejs", version: "20.1.0-1nodesource1", purl: node, vendor: "<x@nodesource.com>" },
      { type: "npm", name: "tar", version: "6.1.0", ownedBy: node },
      { type: "deb", name: "python3-requests", version: "2.28.1", purl: requests },
      { type: "pypi", name: "requests", version: "2.28.1", ownedBy: requests },
    ],
    { id: "debian", versionId: "12" },
  );
  const content = {
    records: [
      { id: "CVE-2026-0001", affected: [{ ecosystem: "npm", name: "tar", ...fixed("7") }] },
      { id: "CVE-2026-0002", affected: [{ ecosystem: "PyPI", name: "requests", ...fixed("3") }] },
      { id: "CVE-2026-0003", affected: [{ ecosystem: "Debian:12", name: "z", ...fixed("3") }] },
    ],
  };

  test("pitfall 8: keeps the relation, so that one can look at it either way", async () => {
    const { vulnerabilities } = await matchInventory(inventory, await loadContent(content));
    expect(vulnerabilities.map(({ package: { name, ownedBy }, marks }) => [name, ownedBy, marks])).toEqual([
      ["tar", node, []],
      ["requests", requests, ["owned-by-os-package"]],
    ]);
  });

  test("a part of the image is judged as it is in the whole", async () => {
    const advisories = await loadContent(content);
    const whole = await matchInventory(inventory, advisories);
    const languages = inventory.packages.filter(({ type }) => type !== "deb");
    const part = await matchInventory(inventory, advisories, languages);
    expect(part.vulnerabilities).toEqual(whole.vulnerabilities);
    expect(part.notEvaluated).toEqual([]);
  });
});

test("pitfall 13: one package in many places is one finding, with every place", async () => {
  const paths = ["app/node_modules/tar", "usr/local/lib/node_modules/npm/node_modules/tar"];
  const packages = paths.map(
    (path): Brief => ({ type: "npm", name: "tar", version: "6.1.15", locations: [{ path, layer: "sha256:1" }] }),
  );
  const advisories = await loadContent({
    records: [{ id: "CVE-2026-0001", affected: [{ ecosystem: "npm", name: "tar", ...fixed("7") }] }],
  });
  const { vulnerabilities } = await matchInventory(inventoryOf(packages), advisories);
  expect(vulnerabilities.map(({ evidence }) => evidence.locations.map(({ path }) => path))).toEqual([paths]);
});

/** 18 to 20 (write-ahead logs, merged /usr, indexes) are decided where images are read. */
const pitfalls = Array.from({ length: 17 }, (_, index) => index + 1);

test("every known pitfall of matching has a test of its name", () => {
  const fixtures = new URL("./fixtures/", import.meta.url);
  const abouts = readdirSync(fixtures).map((file) => {
    const { about } = JSON.parse(readFileSync(new URL(file, fixtures), "utf8")) as { about: string };
    return about;
  });
  const titles = ["rpm-pitfalls.test.ts", "distribution-pitfalls.test.ts", "match.test.ts"].flatMap((file) =>
    [...readFileSync(new URL(file, import.meta.url), "utf8").matchAll(/(?:test|it|describe)\("(.*?)"/g)].map(
      ([, title = ""]) => title,
    ),
  );
  const named = [...abouts, ...titles].flatMap((title) =>
    (/^pitfalls? ([0-9, ]+): /.exec(title)?.[1] ?? "").split(", ").map(Number),
  );
  expect(pitfalls.filter((number) => !named.includes(number))).toEqual([]);
});
