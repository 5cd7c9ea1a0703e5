/** What a scan tells beyond vulnerabilities: secrets, and which layers are the base image's. */
import { zstdDecompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildImage, type LayerInput } from "../../../local/demo/build-image.ts";
import { type FaultyRegistry, startFaultyRegistry } from "../../support/registry.ts";
import { at, eventsOf, makeWorld } from "./world.ts";

let registry: FaultyRegistry;
beforeAll(async () => {
  registry = await startFaultyRegistry();
});
afterAll(() => registry.close());

const manifest = (name: string, version: string) => ({
  path: `srv/node_modules/${name}/package.json`,
  content: JSON.stringify({ name, version }),
});
const baseLayer: LayerInput = { files: [manifest("minimist", "0.0.8")], createdBy: "RUN base" };
// Made up, in the form of a real one; it is put together here so that no scanner takes this file for a leak.
const token = ["ghp", "q7Zt0Xw3Rk9Lm2Vb8Nc5Hd1Jf6Ga4Sy7Pe0U"].join("_");

/** Inventories and layer records are stored compressed. */
function expanded(bytes: Uint8Array): Buffer {
  try {
    return zstdDecompressSync(bytes);
  } catch {
    return Buffer.from(bytes);
  }
}

it("makes a finding of a secret, also where a later layer removed it, and never stores its value", async () => {
  const world = await makeWorld();
  const { pushed } = eventsOf(registry.address, "team/leaky");
  const image = buildImage({
    layers: [
      {
        files: [
          manifest("ini", "1.3.5"),
          { path: "root/.git-credentials", content: `https://ana:${token}@github.com\n` },
        ],
        createdBy: "COPY . /",
      },
      { files: [{ path: "root/.wh..git-credentials", content: "" }], createdBy: "RUN rm" },
    ],
  });
  await registry.push(image, "team/leaky", "1");
  await world.handle(pushed(image, { tags: ["1"] }));
  const secrets = world.findings().filter(({ rule }) => rule.startsWith("image-secret/"));
  expect(secrets.length).toBeGreaterThan(0);
  for (const secret of secrets) {
    expect(secret).toMatchObject({ kind: "posture", state: "open" });
    expect(secret.evidence["place"]).toMatchObject({ path: "root/.git-credentials", removed: true });
  }
  const stored = [
    JSON.stringify(world.platform.table.items()),
    ...[...world.platform.blobs.content.values()].map((bytes) => expanded(bytes).toString("latin1")),
  ].join("");
  expect(stored).toContain(".git-credentials");
  expect(stored).not.toContain(token);
});

it("tells what came with a base image that was scanned before from what was built on it", async () => {
  const world = await makeWorld();
  const base = buildImage({ layers: [baseLayer] });
  const own = buildImage({ layers: [baseLayer, { files: [manifest("ini", "1.3.5")], createdBy: "RUN own" }] });
  await registry.push(base, "team/base", "1");
  await registry.push(own, "team/own", "1");
  await world.handle(eventsOf(registry.address, "team/base").pushed(base, { tags: ["1"] }));
  await world.handle(eventsOf(registry.address, "team/own").pushed(own, { tags: ["1"], time: at(2) }));
  const origins = world
    .findings()
    .filter(({ resource, kind }) => kind === "vulnerability" && resource.id.includes("team/own"))
    .map(({ rule, evidence }) => `${rule} ${JSON.stringify(evidence["origin"])}`)
    .sort();
  expect(origins).toEqual(['CVE-2020-7598 "base"', 'CVE-2020-7788 "own"', 'CVE-2021-44906 "base"']);
});
