import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildImage, indexOf } from "../../../local/demo/build-image.ts";
import { PermanentError } from "../../../shared/platform/errors.ts";
import { limits } from "../../../shared/platform/limits.ts";
import {
  isAttestation,
  isImage,
  mediaTypes,
  parseConfiguration,
  parseDocument,
} from "../../../shared/registry/documents.ts";
import { isWanted } from "../../../shared/registry/platforms.ts";

const image = buildImage({ layers: [{ files: [{ path: "a", content: "a" }] }] });
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const descriptor = { mediaType: mediaTypes.ociConfig, digest: `sha256:${"0".repeat(64)}`, size: 2 };
const refusedWith = (code: string) => expect.objectContaining({ code });

describe("manifests and indexes", () => {
  test("are told apart by their own media type, then by what they came as, then by shape", () => {
    expect(parseDocument(image.manifest.bytes).kind).toBe("manifest");
    expect(parseDocument(indexOf([image]).manifest.bytes).kind).toBe("index");
    const bare = { schemaVersion: 2, config: descriptor, layers: [] };
    expect(parseDocument(json(bare))).toMatchObject({ kind: "manifest", mediaType: mediaTypes.ociManifest });
    expect(parseDocument(json(bare), "text/plain")).toMatchObject({ kind: "manifest" });
    expect(parseDocument(json(bare), `${mediaTypes.dockerManifest}; charset=utf-8`)).toMatchObject({
      kind: "manifest",
    });
    expect(
      parseDocument(json({ schemaVersion: 2, manifests: null, mediaType: null, config: descriptor })),
    ).toMatchObject({
      layers: [],
    });
  });

  test.each<[string, unknown, string?]>([
    ["schema 1", { schemaVersion: 1, fsLayers: [], history: [] }],
    ["schema 1 signed", { schemaVersion: 1, signatures: [] }],
    ["both kinds at once", { config: descriptor, layers: [], manifests: [] }],
    ["a manifest that came as an index", { config: descriptor, layers: [] }, mediaTypes.ociIndex],
    ["an index that calls itself a manifest", { mediaType: mediaTypes.ociManifest, manifests: [] }],
    ["another media type", { mediaType: "application/json", config: descriptor, layers: [] }],
    ["no configuration", { layers: [] }],
    ["a digest of another kind", { config: { ...descriptor, digest: "md5:00" }, layers: [] }],
    ["a digest with a path in it", { config: { ...descriptor, digest: `sha256:${"../".repeat(21)}a` }, layers: [] }],
    ["a negative size", { config: { ...descriptor, size: -1 }, layers: [] }],
    ["a size that is no integer", { config: { ...descriptor, size: 1.5 }, layers: [] }],
    ["a list", []],
    ["null", null],
    ["nothing", {}],
  ])("%s is not an image", (_what, document, declared) => {
    expect(() => parseDocument(json(document), declared)).toThrowError(refusedWith("not-an-image"));
  });

  test("too many and too large are said so", () => {
    const layers = Array.from({ length: limits.layersPerImage + 1 }, () => descriptor);
    const manifests = Array.from({ length: limits.manifestsPerIndex + 1 }, () => descriptor);
    const refused = refusedWith("manifest-too-large");
    expect(() => parseDocument(json({ config: descriptor, layers }))).toThrowError(refused);
    expect(() => parseDocument(json({ manifests }))).toThrowError(refused);
    const large = { ...descriptor, size: limits.layerBytes + 1 };
    expect(() => parseDocument(json({ config: descriptor, layers: [large] }))).toThrowError(refused);
    expect(() => parseDocument(Buffer.alloc(limits.manifestBytes + 1, " "))).toThrowError(refused);
    expect(() => parseConfiguration(Buffer.alloc(limits.configBytes + 1, " "))).toThrowError(refused);
  });

  test("no error repeats what was sent", () => {
    for (const text of ["secret-content", '{"config": "secret-content"}', '{"secret-content": ']) {
      expect(() => parseDocument(Buffer.from(text))).toThrowError(expect.not.stringContaining("secret-content"));
    }
  });

  test("artefacts are no images", () => {
    const manifest = (config: string, layer: string) =>
      parseDocument(
        json({ config: { ...descriptor, mediaType: config }, layers: [{ ...descriptor, mediaType: layer }] }),
      );
    const isImageOf = (config: string, layer: string) => {
      const document = manifest(config, layer);
      return document.kind === "manifest" && isImage(document);
    };
    expect(isImageOf(mediaTypes.ociConfig, `${mediaTypes.ociLayer}+zstd`)).toBe(true);
    expect(isImageOf(mediaTypes.dockerConfig, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")).toBe(true);
    expect(isImageOf(mediaTypes.ociConfig, "application/vnd.dev.cosign.simplesigning.v1+json")).toBe(false);
    expect(
      isImageOf("application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip"),
    ).toBe(false);
  });

  test("attestations are known by annotation, platform or type", () => {
    const entry = { ...descriptor, mediaType: mediaTypes.ociManifest };
    expect(isAttestation(entry)).toBe(false);
    expect(isAttestation({ ...entry, annotations: { "vnd.docker.reference.type": "attestation-manifest" } })).toBe(
      true,
    );
    expect(isAttestation({ ...entry, platform: { os: "unknown", architecture: "unknown" } })).toBe(true);
    expect(isAttestation({ ...entry, artifactType: "application/spdx+json" })).toBe(true);
    expect(isAttestation({ ...entry, mediaType: "application/json" })).toBe(true);
  });

  test("any mutation of a document is parsed or refused, never anything else", () => {
    const seeds = [image.manifest.bytes, indexOf([image]).manifest.bytes, image.config.bytes];
    const mutation = fc.record({
      seed: fc.constantFrom(...seeds),
      edits: fc.array(
        fc.record({
          at: fc.nat(2000),
          cut: fc.nat(20),
          put: fc.oneof(
            fc.string({ maxLength: 4 }),
            fc.constantFrom('"', "{", "[", "null", "-1", "1e999", "\ud800", ","),
          ),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(mutation, ({ seed, edits }) => {
        let text = seed.toString("utf8");
        for (const { at, cut, put } of edits)
          text = text.slice(0, at % text.length) + put + text.slice((at % text.length) + cut);
        for (const parse of [parseDocument, parseConfiguration]) {
          try {
            parse(Buffer.from(text));
          } catch (error) {
            expect(error).toBeInstanceOf(PermanentError);
          }
        }
      }),
      { numRuns: 1500 },
    );
  });

  test("deep nesting is refused or ignored, and breaks nothing", () => {
    const deep = `{"config":${JSON.stringify(descriptor)},"layers":[],"x":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    expect(parseDocument(Buffer.from(deep)).kind).toBe("manifest");
  });
});

describe("configurations", () => {
  test("give what the product reads", () => {
    const configuration = parseConfiguration(
      json({
        os: "linux",
        architecture: "arm64",
        variant: "v8",
        created: "2024-01-01T00:00:00Z",
        config: {
          User: "",
          Env: ["A=b"],
          Labels: null,
          Cmd: ["x"],
          Entrypoint: "/entry",
          ExposedPorts: { "8080/tcp": {}, "53/udp": {} },
          Volumes: null,
          WorkingDir: "",
          Healthcheck: { Test: ["CMD", "x"], Interval: 1 },
          StopSignal: 15,
        },
        rootfs: { type: "layers", diff_ids: [descriptor.digest] },
        history: [{ created_by: "RUN x", empty_layer: true, comment: "buildkit", created: 1 }, {}],
      }),
    );
    expect(configuration).toEqual({
      os: "linux",
      architecture: "arm64",
      variant: "v8",
      created: "2024-01-01T00:00:00Z",
      config: {
        environment: ["A=b"],
        command: ["x"],
        entrypoint: ["/entry"],
        exposedPorts: ["53/udp", "8080/tcp"],
        healthcheck: ["CMD", "x"],
      },
      diffIds: [descriptor.digest],
      history: [{ createdBy: "RUN x", emptyLayer: true, comment: "buildkit" }, {}],
    });
    expect(parseConfiguration(json({ config: null, rootfs: null }))).toEqual({ config: {}, diffIds: [], history: [] });
  });
});

test.each<[string, string, boolean]>([
  ["linux/amd64", "linux/amd64", true],
  ["linux/amd64", "linux/arm64", false],
  ["linux/arm64/v8", "linux/arm64", true],
  ["linux/arm64", "linux/arm64/v8", true],
  ["linux/arm/v7", "linux/arm", true],
  ["linux/arm/v6", "linux/arm/v7", false],
  ["linux/arm", "linux/arm/v7", false],
  ["linux/amd64/v3", "linux/amd64", true],
  ["linux/amd64/v3", "linux/amd64/v1", false],
  ["linux/amd64", "linux/amd64/v1", true],
  ["windows/amd64", "linux/amd64", false],
])("the platform %s is wanted by %s: %s", (platform, wish, expected) => {
  const [os = "", architecture = "", variant] = platform.split("/");
  expect(isWanted({ os, architecture, ...(variant === undefined ? {} : { variant }) }, [wish])).toBe(expected);
});
