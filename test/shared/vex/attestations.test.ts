import { execFileSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blob, indexOf } from "../../../local/demo/build-image.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { settingsSchema } from "../../../shared/platform/settings.ts";
import { openImageSource } from "../../../shared/registry/open-source.ts";
import type { AttachedDocument } from "../../../shared/registry/types.ts";
import { attestedVex, mayHoldVex } from "../../../shared/vex/attestations.ts";
import { preAuthenticationEncoding } from "../../../shared/vex/dsse.ts";
import { type VexSettings, vexSettings } from "../../../shared/vex/settings.ts";
import { attachedSupply } from "../../../shared/vex/supply.ts";
import { type FaultyRegistry, sourceOptions, startFaultyRegistry } from "../../support/registry.ts";
import { sharedData } from "../../support/shared-data.ts";
import { load } from "../advisories/support.ts";
import { eventsOf, makeWorld, npmImage } from "../scanning/world.ts";
import { digest, notAffected, openVex } from "./samples.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const others = [
  generateKeyPairSync("ec", { namedCurve: "P-384" }),
  generateKeyPairSync("rsa", { modulusLength: 2048 }),
  generateKeyPairSync("ed25519"),
];
const pem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
const settingsOf = (changes: object = {}): VexSettings =>
  vexSettings.parse({ keys: [{ name: "release", publicKey: pem(ec.publicKey) }], ...changes });

const inToto = (predicate: unknown, subject = digest, predicateType = "https://openvex.dev/ns/v0.2.0") => ({
  _type: "https://in-toto.io/Statement/v1",
  predicateType,
  subject: [{ name: "registry.example/app", digest: { [subject.split(":")[0] ?? ""]: subject.split(":")[1] } }],
  predicate,
});

function envelope(statement: unknown, key: KeyObject = ec.privateKey, payloadType = "application/vnd.in-toto+json") {
  const payload = Buffer.from(JSON.stringify(statement));
  const algorithm = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  const sig = sign(algorithm, preAuthenticationEncoding(payloadType, payload), key).toString("base64");
  return { payloadType, payload: payload.toString("base64"), signatures: [{ keyid: "", sig }] };
}

const vex = openVex([notAffected(["pkg:npm/minimist"], { vulnerability: { name: "CVE-2021-44906" } })]);

function attested(document: unknown, settings = settingsOf()) {
  const bytes = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  const documents: AttachedDocument[] = [{ mediaType: "application/json", digest: "sha256:att", bytes }];
  const { readings, remarks } = attestedVex({ documents, problems: [] }, [digest], settings);
  return {
    read: readings.map((one) => one.document.origin),
    remarks: remarks.map(({ reason }) => reason),
    details: remarks,
  };
}

describe("an attestation", () => {
  it("signed with a configured key is used, by whichever kind of key", () => {
    expect(attested(envelope(inToto(vex)))).toMatchObject({
      read: [{ source: "attestation", name: "sha256:att", verifiedBy: "release" }],
      remarks: [],
    });
    for (const { publicKey, privateKey } of others) {
      const settings = settingsOf({ keys: [{ name: "k", publicKey: pem(publicKey) }] });
      expect(attested(envelope(inToto(vex), privateKey), settings).read).toMatchObject([{ verifiedBy: "k" }]);
      expect(attested(envelope(inToto(vex), privateKey)).remarks).toEqual(["vex-unverified"]);
    }
  });

  it("in a Sigstore bundle is verified the same", () => {
    const bundle = { mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", dsseEnvelope: envelope(inToto(vex)) };
    expect(attested(bundle).read).toMatchObject([{ verifiedBy: "release" }]);
  });

  it("that nobody vouches for is told, and used only when the settings say so", () => {
    const changed = {
      ...envelope(inToto(vex)),
      payload: Buffer.from(JSON.stringify(inToto(openVex([notAffected(["pkg:npm/x"])])))).toString("base64"),
    };
    const retyped = envelope(inToto(vex), ec.privateKey, "text/plain");
    const unsigned = { ...envelope(inToto(vex)), signatures: [] };
    for (const document of [
      changed,
      unsigned,
      inToto(vex),
      { ...retyped, payloadType: "application/vnd.in-toto+json" },
    ]) {
      expect(attested(document)).toMatchObject({ read: [], remarks: ["vex-unverified"] });
      expect(attested(document, settingsOf({ attestations: "any" })).read).toEqual([
        { source: "attestation", name: "sha256:att" },
      ]);
    }
    expect(attested(inToto(vex)).details[0]?.detail).toContain("nobody signed it");
    expect(attested(envelope(inToto(vex)), settingsOf({ keys: [] })).details[0]?.detail).toContain(
      "no key is configured",
    );
  });

  it("about another image is told, however well signed", () => {
    expect(attested(envelope(inToto(vex, `sha256:${"00".repeat(32)}`)))).toMatchObject({
      read: [],
      remarks: ["vex-other-image"],
    });
  });

  it("gives statements without products its subject", () => {
    const bytes = Buffer.from(JSON.stringify(envelope(inToto(openVex([notAffected([])])))));
    const attached = { documents: [{ mediaType: "", digest: "sha256:att", bytes }], problems: [] };
    const [reading] = attestedVex(attached, [digest], settingsOf()).readings;
    expect(reading?.statements[0]?.products).toEqual([
      { id: "registry.example/app", purls: [], digests: [digest], components: [] },
    ]);
  });

  it("with other things in it is none of our business, and broken VEX is told", () => {
    const sbom = { bomFormat: "CycloneDX", specVersion: "1.6", components: [] };
    for (const quiet of [envelope(inToto({ buildType: "x" })), envelope(inToto(sbom)), envelope({ a: 1 }), { a: 1 }]) {
      expect(attested(quiet)).toMatchObject({ read: [], remarks: [] });
    }
    const broken = [envelope(inToto({ ...vex, statements: 1 })), "{", vex, `[${"[".repeat(100)}`];
    for (const one of broken) expect(attested(one)).toMatchObject({ read: [], remarks: ["vex-malformed"] });
    expect(["https://openvex.dev/ns", "https://cyclonedx.org/bom", undefined].every(mayHoldVex)).toBe(true);
    expect(["https://slsa.dev/provenance/v1", "https://spdx.dev/Document"].some(mayHoldVex)).toBe(false);
  });

  it("with any byte changed is not used, and never ends in another error", () => {
    const sample = Buffer.from(JSON.stringify(envelope(inToto(vex))));
    const settings = settingsOf();
    fc.assert(
      fc.property(fc.nat(sample.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        const bytes = Buffer.from(sample);
        bytes[at] = (bytes[at] ?? 0) ^ bits;
        const documents = [{ mediaType: "", digest: "sha256:att", bytes }];
        const { readings } = attestedVex({ documents, problems: [] }, [digest], settings);
        // Base64 says some bytes in two ways, and nobody reads the key's id: the statements are then the signed ones.
        const signed = readings.flatMap(({ statements }) => statements.map(({ names }) => names[0]));
        expect(["", "CVE-2021-44906"]).toContain(signed.join());
      }),
      { numRuns: 400 },
    );
  });

  it("is asked for with public keys only", () => {
    const key = ec.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    for (const publicKey of [key, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", ""]) {
      expect(settingsSchema.safeParse({ vex: { keys: [{ name: "k", publicKey }] } }).success).toBe(false);
    }
  });
});

describe("attestations in a registry", () => {
  let registry: FaultyRegistry;
  beforeAll(async () => {
    registry = await startFaultyRegistry();
  });
  afterAll(() => registry.close());

  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  let repositories = 0;

  /** A manifest with this document as its layer. */
  function attestationManifest(document: unknown, type: string, annotations: object = {}) {
    const layer = blob(type, Buffer.from(JSON.stringify(document)));
    registry.putBlob(layer.bytes);
    const described = { mediaType: type, digest: layer.digest, size: layer.size, annotations };
    const config = {
      mediaType: "application/vnd.oci.empty.v1+json",
      digest: blob("", Buffer.from("{}")).digest,
      size: 2,
    };
    return blob(
      manifestType,
      Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [described] })),
    );
  }

  async function scanned(
    prepare: (repository: string, image: string) => void,
    settings: object = { keys: [{ name: "release", publicKey: pem(ec.publicKey) }] },
  ) {
    const repository = `team/vex-${++repositories}`;
    const image = npmImage({ minimist: "0.0.8" }, { salt: repository });
    await registry.push(image, repository, "1.0");
    prepare(repository, image.manifest.digest);
    const world = await makeWorld({ settings: { vex: settings } });
    const event = eventsOf(registry.address, repository).pushed(image, { tags: ["1.0"] });
    await world.handle(event);
    const marks = world
      .findings()
      .flatMap(({ rule, evidence }) => (rule === "CVE-2021-44906" ? [evidence["marks"]] : []));
    return {
      world,
      marks: marks.flat(),
      report: await world.report(event),
      open: world.open().map((line) => line.split(" ")[1]),
    };
  }
  const signed = (image: string) => envelope(inToto(vex, image));

  it("are found by cosign's tag: the finding stays, is marked, and no message tells of it", async () => {
    const { marks, report, open, world } = await scanned((repository, image) => {
      const manifest = attestationManifest(signed(image), "application/vnd.dsse.envelope.v1+json", {
        predicateType: "https://openvex.dev/ns",
      });
      registry.putManifest(repository, `${image.replace(":", "-")}.att`, manifest);
    });
    expect(marks).toEqual(["vex-not-affected"]);
    expect(open).toContain("CVE-2021-44906");
    expect(report.introduced.map(({ rule }) => rule)).toEqual(["CVE-2020-7598"]);
    expect(report.warnings.join()).toContain("1 more matches");
    const evidence = world.findings().find(({ rule }) => rule === "CVE-2021-44906")?.evidence["vex"];
    expect(evidence).toMatchObject({
      status: "not_affected",
      author: "Ana",
      verifiedBy: "release",
      source: "attestation",
    });
  });

  it("are found by referrers and by the tag that stands for them", async () => {
    const { marks } = await scanned((repository, image) => {
      const bundle = { mediaType: "b", dsseEnvelope: signed(image) };
      const manifest = attestationManifest(bundle, "application/vnd.dev.sigstore.bundle.v0.3+json");
      registry.putManifest(repository, manifest.digest, manifest);
      const { mediaType, digest: at, size } = manifest;
      const index = indexOf([], { extra: [{ mediaType, digest: at, size }] });
      registry.putManifest(repository, image.replace(":", "-"), index.manifest);
    });
    expect(marks).toEqual(["vex-not-affected"]);
  });

  it("that are not verified are a finding of their own; off: nobody asks", async () => {
    const prepare = (repository: string, image: string) => {
      const manifest = attestationManifest(signed(image), "application/vnd.dsse.envelope.v1+json");
      registry.putManifest(repository, `${image.replace(":", "-")}.att`, manifest);
    };
    const { marks, open } = await scanned(prepare, {});
    expect(marks).toEqual([]);
    expect(open).toContain("vex-not-used/vex-unverified");
    const before = registry.seen.length;
    expect((await scanned(prepare, { attestations: "off" })).open).not.toContain("vex-not-used/vex-unverified");
    expect(registry.seen.slice(before).filter((line) => /\.att|referrers/.test(line))).toEqual([]);
  });

  it("that are broken or too large are told, and the image is scanned", async () => {
    const { open } = await scanned((repository, image) => {
      registry.putManifest(repository, image.replace(":", "-"), {
        mediaType: "application/vnd.oci.image.index.v1+json",
        bytes: Buffer.from("{"),
      });
    });
    expect(open).toEqual(expect.arrayContaining(["CVE-2021-44906", "vex-not-used/vex-attestation-unread"]));
    const large = await scanned((repository, image) => {
      const layer = {
        mediaType: "application/vnd.dsse.envelope.v1+json",
        digest,
        size: limits.attachedDocumentBytes + 1,
      };
      const config = { mediaType: "", digest, size: 2 };
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [layer] }));
      registry.putManifest(repository, `${image.replace(":", "-")}.att`, { mediaType: manifestType, bytes });
    });
    expect(large.open).toContain("vex-not-used/vex-attestation-unread");
  });
});

describe.skipIf(sharedData === undefined)("a real signed image (needs the shared data)", () => {
  const archive = `${sharedData}images/built/signed-alpine-3.16.oci.tar`;
  const key = () => {
    const text = readFileSync(archive).toString("latin1");
    return /-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----\n/.exec(text)?.[0] ?? "";
  };

  it("is scanned from a registry: what cosign attached is found, verified and told", async () => {
    const folder = mkdtempSync(join(tmpdir(), "portwarden-signed-"));
    const registry = await startFaultyRegistry();
    try {
      execFileSync("tar", ["-xf", archive, "-C", folder]);
      const layout = join(folder, "signed-alpine-3.16");
      for (const name of readdirSync(join(layout, "blobs/sha256"))) {
        registry.putBlob(readFileSync(join(layout, "blobs/sha256", name)));
      }
      const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as {
        manifests: { mediaType: string; digest: string; annotations: { kind: string } }[];
      };
      const [image] = index.manifests;
      if (image === undefined) throw new Error("an image");
      for (const { mediaType, digest: own, annotations } of index.manifests) {
        const bytes = readFileSync(join(layout, "blobs", own.replace(":", "/")));
        const isAttestation = annotations.kind.endsWith("/atts");
        const reference = isAttestation ? `${image.digest.replace(":", "-")}.att` : own;
        registry.putManifest("kit/alpine", reference, { mediaType, bytes });
      }
      const world = await makeWorld({
        advisories: false,
        settings: { vex: { keys: [{ name: "kit", publicKey: key() }] } },
      });
      const range = { type: "ECOSYSTEM" as const, events: [{ introduced: "0" }, { fixed: "1.35.0-r18" }] };
      const { ports } = await load([
        {
          schema_version: "1.6.0",
          id: "ALPINE-CVE-2023-42363",
          upstream: ["CVE-2023-42363"],
          modified: "2026-01-01T00:00:00Z",
          affected: [{ package: { ecosystem: "Alpine:v3.16", name: "busybox" }, ranges: [range] }],
        },
      ]);
      for (const [at, body] of ports.blobs.content) world.platform.blobs.content.set(at, body);
      await world.handle(eventsOf(registry.address, "kit/alpine").pushed(image.digest));
      // That Alpine 3.16 is out of support is told, too.
      const vulnerabilities = world.findings().filter(({ kind }) => kind === "vulnerability");
      const verdicts = vulnerabilities.map(({ rule, evidence }) => {
        const { purl } = evidence["package"] as { purl: string };
        return [rule, purl.replace(/\?.*/, ""), evidence["marks"], evidence["vex"] ?? "nothing"];
      });
      // `ssl_client` is built from the same source, and nobody says anything of it.
      expect(verdicts.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))).toMatchObject([
        [
          "CVE-2023-42363",
          "pkg:apk/alpine/busybox@1.35.0-r17",
          ["vex-not-affected"],
          { verifiedBy: "kit", author: "kit" },
        ],
        ["CVE-2023-42363", "pkg:apk/alpine/ssl_client@1.35.0-r17", [], "nothing"],
      ]);
    } finally {
      await registry.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("gives the statements that cosign signed, and none with another key", async () => {
    const source = await openImageSource(`oci-archive:${archive}`, sourceOptions());
    try {
      const resolved = await source.resolve("all");
      const image = resolved.images[0]?.digest ?? "";
      const supply = { statements: [], remarks: [] };
      const context = { supply, source, resolved, references: [] };
      const ours = await attachedSupply(
        { ...context, settings: settingsOf({ keys: [{ name: "kit", publicKey: key() }] }) },
        image,
      );
      expect(ours.remarks).toEqual([]);
      expect(ours.statements).toMatchObject([
        {
          names: ["CVE-2023-42363"],
          status: "not_affected",
          document: { author: "kit", origin: { verifiedBy: "kit" } },
          products: [{ components: [{ purls: ["pkg:apk/alpine/busybox@1.35.0-r17"] }] }],
        },
      ]);
      const theirs = await attachedSupply({ ...context, settings: settingsOf() }, image);
      expect([theirs.statements.length, theirs.remarks.map(({ reason }) => reason)]).toEqual([0, ["vex-unverified"]]);
    } finally {
      await source.close();
    }
  });
});
