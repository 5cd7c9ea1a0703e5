import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffInventories, isSame } from "../../../shared/inventory/diff.ts";
import { readImage } from "../../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../../shared/inventory/record.ts";
import type { Inventory } from "../../../shared/inventory/types.ts";
import { dpkgStatus, imageOf, inventoryOf, npmPackage } from "./images.ts";

const brief = (difference: ReturnType<typeof diffInventories>) => ({
  added: difference.added.map(({ name, version }) => `${name}@${version}`),
  removed: difference.removed.map(({ name, version }) => `${name}@${version}`),
  changed: difference.changed.map(({ name, from, to, direction }) => [name, from.version, to.version, direction]),
});

describe("the difference of two images", () => {
  const base = [dpkgStatus(["bash", "5.2-1"], ["curl", "8.0-1"], ["tar", "1:1.34-1"])];

  it("is what was added, removed and changed, with the steps that did it", async () => {
    const image = async (layers: Parameters<typeof imageOf>[0]) =>
      readImage(imageOf(layers), { records: layerRecordsInMemory() });
    const before = await image([
      { files: base, createdBy: "ADD rootfs" },
      { files: [npmPackage("app/", "a", "1.9.0")] },
    ]);
    const after = await image([
      { files: base, createdBy: "ADD rootfs" },
      { files: [dpkgStatus(["bash", "5.2-2"], ["jq", "1.7-1"], ["tar", "1.34-9"])], createdBy: "RUN apt-get" },
      { files: [npmPackage("app/", "a", "1.10.0"), npmPackage("app/", "b", "1.0.0")], createdBy: "COPY" },
    ]);
    const difference = diffInventories(before, after);
    expect(brief(difference)).toEqual({
      added: ["jq@1.7-1", "b@1.0.0"],
      removed: ["curl@8.0-1"],
      changed: [
        ["bash", "5.2-1", "5.2-2", "up"],
        ["tar", "1:1.34-1", "1.34-9", "down"],
        ["a", "1.9.0", "1.10.0", "up"],
      ],
    });
    expect(difference.sharedLayers).toBe(1);
    expect(difference.changed[0]?.to.brought).toMatchObject({ layer: 2, createdBy: "RUN apt-get" });
    expect(difference.changed[0]?.from.brought).toMatchObject({ layer: 1, createdBy: "ADD rootfs" });
    expect(difference.added[1]?.brought).toMatchObject({ layer: 3, createdBy: "COPY" });
    expect(difference.from).toMatchObject({ digest: before.digest, packages: 4, complete: true });
  });

  it("pairs versions of one name in their order, and leaves what both have", async () => {
    const one = await inventoryOf([
      ["1.0.0", "9.0.0", "10.0.0"].map((version) => npmPackage(`${version}/`, "a", version)),
    ]);
    const other = await inventoryOf([
      ["1.0.0", "9.0.1", "10.0.1", "11.0.0"].map((version) => npmPackage(`${version}/`, "a", version)),
    ]);
    expect(brief(diffInventories(one, other))).toEqual({
      added: ["a@11.0.0"],
      removed: [],
      changed: [
        ["a", "9.0.0", "9.0.1", "up"],
        ["a", "10.0.0", "10.0.1", "up"],
      ],
    });
  });

  it("of an image and itself is none; a partial inventory is said to be so", async () => {
    const image = await inventoryOf([base]);
    expect(isSame(diffInventories(image, structuredClone(image)))).toBe(true);
    const partial: Inventory = { ...image, partial: [{ reason: "fileBytes", detail: "x" }] };
    expect(diffInventories(image, partial).to.complete).toBe(false);
  });

  it("turned round, added is removed and up is down; and it accounts for every package", async () => {
    const image = await inventoryOf([[]]);
    const packages = fc.uniqueArray(
      fc.record({
        type: fc.constantFrom("deb" as const, "npm" as const, "generic" as const),
        name: fc.constantFrom("a", "b"),
        version: fc.constantFrom("1.0.0", "1.2.0", "1.10.0", "not a version", "2.0.0"),
      }),
      { selector: ({ type, name, version }) => `${type} ${name} ${version}` },
    );
    const inventory = (
      items: readonly { type: "deb" | "npm" | "generic"; name: string; version: string }[],
    ): Inventory => ({
      ...image,
      packages: items.map((item) => ({
        ...item,
        purl: `pkg:${item.type}/${item.name}@${item.version}`,
        locations: [],
      })),
    });
    fc.assert(
      fc.property(packages, packages, (left, right) => {
        const there = diffInventories(inventory(left), inventory(right));
        const back = diffInventories(inventory(right), inventory(left));
        expect(brief(back).added).toEqual(brief(there).removed);
        expect(brief(back).changed.map(([name, from, to]) => [name, to, from])).toEqual(
          brief(there).changed.map(([name, from, to]) => [name, from, to]),
        );
        expect(left.length - there.removed.length + there.added.length).toBe(right.length);
      }),
      { numRuns: 300 },
    );
  });
});
