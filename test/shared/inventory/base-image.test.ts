import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  chainIdsOf,
  type KnownChain,
  type KnownChains,
  statedBaseImage,
  withKnownBase,
} from "../../../shared/inventory/base-image.ts";
import { knownChainsIn } from "../../../shared/inventory/known-chains.ts";
import { readImage } from "../../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../../shared/inventory/record.ts";
import type { Inventory } from "../../../shared/inventory/types.ts";
import type { HistoryStep, Image } from "../../../shared/registry/types.ts";
import { memoryTable } from "../../support/memory-table.ts";
import { dpkgStatus, imageOf, npmPackage } from "./images.ts";

const layer = (createdBy: string): HistoryStep => ({ createdBy });
const empty = (createdBy: string): HistoryStep => ({ createdBy, emptyLayer: true });
const digest = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

function stated(history: readonly HistoryStep[], further: Partial<Image> = {}, labels?: Record<string, string>) {
  const diffIds = history.filter(({ emptyLayer }) => !emptyLayer).map((_, index) => digest(String(index)));
  return statedBaseImage(
    { annotations: {}, configuration: { config: { ...(labels && { labels }) }, diffIds, history }, ...further },
    diffIds,
  );
}

describe("what an image says of its base", () => {
  const debian = [layer("/bin/sh -c #(nop) ADD file:a1b2 in / "), empty('/bin/sh -c #(nop)  CMD ["bash"]')];

  it.each<[what: string, history: readonly HistoryStep[], layers: number | undefined]>([
    ["the classic builder", [...debian, layer("/bin/sh -c apt-get install -y curl")], 1],
    ["BuildKit", [layer("ADD rootfs.tar.xz / # buildkit"), empty('CMD ["bash"]'), layer("COPY . /app # buildkit")], 1],
    [
      "a base that has a base: the nearest counts",
      [...debian, layer("RUN a"), layer("RUN b"), empty('ENTRYPOINT ["node"]'), empty("CMD []"), layer("COPY . .")],
      3,
    ],
    ["own steps without a layer are no end", [...debian, layer("COPY . ."), empty("USER app"), empty('CMD ["x"]')], 1],
    ["an image without further layers", debian, undefined],
    ["an image of configuration only", [...debian, empty("ENV A=b"), empty('CMD ["x"]')], undefined],
    ["no start before the own layers", [layer("COPY a /"), layer("COPY b /"), empty('CMD ["x"]')], undefined],
    ["no history", [], undefined],
  ])("by its history: %s", (_, history, layers) => {
    const base = layers === undefined ? undefined : { layers, evidence: ["history"] };
    expect(stated(history)).toEqual(base);
  });

  it("a history that does not fit the layers says nothing", () => {
    const history = [...debian, layer("RUN a")];
    const configuration = { config: {}, diffIds: [], history };
    expect(statedBaseImage({ annotations: {}, configuration }, [digest("1")])).toBeUndefined();
    expect(statedBaseImage({ annotations: {}, configuration }, ["1", "2", "3"].map(digest))).toBeUndefined();
  });

  it("annotations count more than labels, which may be the base's own", () => {
    const named = (name: string, of = digest("base")) => ({
      "org.opencontainers.image.base.name": name,
      "org.opencontainers.image.base.digest": of,
    });
    const base = { name: "docker.io/library/node:20", digest: digest("base") };
    expect(stated([], { annotations: named("docker.io/library/node:20") }, named("debian:12"))).toEqual({
      ...base,
      evidence: ["annotation"],
    });
    expect(stated([...debian, layer("COPY . .")], {}, named("docker.io/library/node:20"))).toEqual({
      ...base,
      layers: 1,
      evidence: ["label", "history"],
    });
    expect(stated([], {}, named("", "not a digest"))).toBeUndefined();
  });
});

describe("known images", () => {
  const base = [{ files: [dpkgStatus(["bash", "5.2"])] }, { files: [npmPackage("usr/lib/", "npm", "10.0.0")] }];
  const own = [{ files: [npmPackage("app/", "a", "1.0.0")] }, { files: [npmPackage("app/lib/", "npm", "10.0.0")] }];
  const read = async (layers: Parameters<typeof imageOf>[0]): Promise<Inventory> =>
    readImage(imageOf(layers), { records: layerRecordsInMemory() });
  const origins = ({ packages }: Inventory) => packages.map(({ name, origin }) => [name, origin]);
  const chains = (...known: readonly KnownChain[]): KnownChains => ({
    find: async (chainIds) => known.filter(({ chainId }) => chainIds.includes(chainId)),
  });

  it("chain IDs are those of the image specification", () => {
    const [first = "", second = "", third = ""] = ["a", "b", "c"].map(digest);
    const two = digest(`${first} ${second}`);
    expect(chainIdsOf([first, second, third])).toEqual([first, two, digest(`${two} ${third}`)]);
    expect(chainIdsOf([])).toEqual([]);
  });

  it("reveal the base, the longest chain counts, and tell what each package came with", async () => {
    const [below, image] = [await read(base), await read([...base, ...own])];
    const ids = chainIdsOf(image.layers.map(({ diffId }) => diffId));
    const known = chains(
      { chainId: ids[0] ?? "", digest: digest("short"), name: "short:1" },
      { chainId: ids[1] ?? "", digest: below.digest, name: "node:20" },
      // Itself is not its own base.
      { chainId: ids[3] ?? "", digest: image.digest, name: "app:1" },
    );
    const told = await withKnownBase(image, known);
    expect(told.baseImage).toEqual({ name: "node:20", digest: below.digest, layers: 2, evidence: ["known-image"] });
    expect(origins(told)).toEqual([
      ["bash", "base"],
      ["a", "own"],
      // A newer base would not take the copy away that the own layers brought.
      ["npm", "own"],
    ]);
    expect(origins(image).map(([, origin]) => origin)).toEqual([undefined, undefined, undefined]);
    expect(await withKnownBase(image, chains())).toBe(image);
  });

  it("correct a guess, and leave names as the image says them", async () => {
    const image = await read([...base, ...own]);
    const [one = ""] = chainIdsOf(image.layers.map(({ diffId }) => diffId));
    const says = { ...image, baseImage: { name: "x:1", layers: 3, evidence: ["annotation", "history"] as const } };
    const told = await withKnownBase(says, chains({ chainId: one, digest: digest("other") }));
    expect(told.baseImage).toEqual({ name: "x:1", layers: 1, evidence: ["annotation", "known-image"] });
  });

  it("are kept in the table: the first of a chain, and a name once there is one", async () => {
    const known = knownChainsIn(memoryTable());
    const diffIds = ["a", "b"].map(digest);
    const [, chainId = ""] = chainIdsOf(diffIds);
    await known.remember({ digest: "sha256:1", diffIds });
    await known.remember({ digest: "sha256:2", diffIds, name: "copy:1" });
    expect(await known.find([chainId, digest("x")])).toEqual([
      expect.objectContaining({ chainId, digest: "sha256:1" }),
    ]);
    await known.remember({ digest: "sha256:1", diffIds, name: "base:1" });
    await known.remember({ digest: "sha256:1", diffIds, name: "base:2" });
    expect(await known.find([chainId])).toEqual([
      expect.objectContaining({ chainId, digest: "sha256:1", name: "base:1" }),
    ]);
    await known.remember({ digest: "sha256:3", diffIds: [] });
    expect(await known.find([])).toEqual([]);
  });
});
