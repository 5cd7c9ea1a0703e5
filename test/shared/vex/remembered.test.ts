import { describe, expect, it } from "vitest";
import type { Inventory } from "../../../shared/inventory/types.ts";
import { settingsSchema } from "../../../shared/platform/settings.ts";
import { withStoredVex } from "../../../shared/scanning/with-vex.ts";
import { rememberAttached, rememberedAttached } from "../../../shared/vex/remembered.ts";
import type { VexOrigin } from "../../../shared/vex/types.ts";
import { silentLog } from "../../support/registry.ts";
import { memoryBlobs } from "../advisories/support.ts";
import { busybox, digest, notAffected, openVex, statementsOf, vulnerability } from "./samples.ts";

const inventory: Inventory = {
  schema: "portwarden.inventory/1",
  digest,
  platform: { os: "linux", architecture: "amd64" },
  layers: [],
  packages: [],
  partial: [],
  extractors: "",
};
const match = { vulnerabilities: [vulnerability(busybox)], notEvaluated: [], advisories: { set: "s" } };
const origin = (verifiedBy?: string): VexOrigin => ({
  source: "attestation",
  name: "sha256:att",
  ...(verifiedBy !== undefined && { verifiedBy }),
});
const publicKey =
  "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

describe("what was attached to an image", () => {
  const statements = (verifiedBy?: string) =>
    statementsOf(openVex([notAffected([{ "@id": "pkg:apk/alpine/busybox" }])]), origin(verifiedBy));

  it("is kept, replaced, and taken away with the last of it", async () => {
    const blobs = memoryBlobs();
    const supply = { statements: statements("k"), remarks: [] };
    await rememberAttached(blobs, digest, supply);
    expect(await rememberedAttached(blobs, digest, silentLog)).toMatchObject(supply);
    await rememberAttached(blobs, digest, { statements: [], remarks: [] });
    expect(blobs.content.size).toBe(0);
    await rememberAttached(blobs, digest, supply);
    for (const key of blobs.content.keys()) blobs.content.set(key, Buffer.from("broken"));
    expect(await rememberedAttached(blobs, digest, silentLog)).toEqual({ statements: [], remarks: [] });
  });

  it.each<[string, string | undefined, object, boolean]>([
    ["its key is configured", "k", { keys: [{ name: "k", publicKey }] }, true],
    ["its key was taken away", "k", { keys: [{ name: "other", publicKey }] }, false],
    ["any is believed", undefined, { attestations: "any" }, true],
    ["only verified ones are believed by now", undefined, { keys: [{ name: "k", publicKey }] }, false],
    ["none is believed", "k", { attestations: "off", keys: [{ name: "k", publicKey }] }, false],
  ])("counts when the image is matched again: %s", async (_, verifiedBy, vex, expected) => {
    const blobs = memoryBlobs();
    await rememberAttached(blobs, digest, { statements: statements(verifiedBy), remarks: [] });
    const settings = settingsSchema.parse({ vex });
    const supply = { statements: [], remarks: [] };
    const input = { blobs, log: silentLog, settings, supply, references: [] };
    const { match: judged } = await withStoredVex(match, inventory, input);
    expect(judged.vulnerabilities[0]?.marks.includes("vex-not-affected")).toBe(expected);
  });
});
