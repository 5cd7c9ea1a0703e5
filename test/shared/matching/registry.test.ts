import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { feeds } from "../../../shared/advisories/registry.generated.ts";
import { ecosystems } from "../../../shared/matching/registry.generated.ts";
import { schemeOfEcosystem } from "../../../shared/versions/compare.ts";

const entries = (path: string) => readdirSync(new URL(`../../../shared/${path}/`, import.meta.url));

test("every module of the folder is in the generated list, once, and has a version order", () => {
  expect(ecosystems).toHaveLength(entries("matching/ecosystems").length);
  expect(new Set(ecosystems.map(({ name }) => name)).size).toBe(ecosystems.length);
  for (const { name } of ecosystems) expect(schemeOfEcosystem(name), name).toBeDefined();
});

test("every feed's folder is in the generated list", () => {
  expect(feeds.map(({ name }) => name)).toEqual(entries("advisories/feeds").sort());
});
