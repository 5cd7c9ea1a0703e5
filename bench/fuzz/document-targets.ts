/** What comes around the layers: manifests, indexes, configurations, layouts, archives, and our own stored records. */
import { zstdCompressSync } from "node:zlib";
import { buildImage } from "../../local/demo/build-image.ts";
import { extractorsVersion } from "../../shared/inventory/read-image.ts";
import { layerRecordsIn } from "../../shared/inventory/record.ts";
import { dockerArchiveSource } from "../../shared/registry/archives/docker-archive.ts";
import { type LayoutFiles, layoutSource } from "../../shared/registry/archives/layout.ts";
import { mediaTypes, parseConfiguration, parseDocument } from "../../shared/registry/documents.ts";
import type { SourceOptions } from "../../shared/registry/source-options.ts";
import type { Sample } from "./samples.ts";
import type { Target } from "./target.ts";

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield Buffer.from(bytes);
}

/** Records, manifests, indexes, configurations, layouts and archives. */
export function documentTargets(): Target[] {
  const image = buildImage({ layers: [{ files: [{ path: "a", content: "b" }], createdBy: "step" }] });
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: image.manifest.mediaType,
          digest: image.manifest.digest,
          size: image.manifest.size,
          annotations: { "org.opencontainers.image.ref.name": "latest" },
        },
      ],
    }),
  );
  const docker = Buffer.from(JSON.stringify([{ Config: "config.json", RepoTags: ["a:b"], Layers: ["layer.tar"] }]));
  const sample = (path: string, content: Buffer): Sample => ({ path, content });
  const blobs = new Map(
    [image.manifest, image.config, ...image.layers].map(({ digest, bytes }) => [digest.slice(7), bytes]),
  );
  return [
    {
      name: "documents",
      samples: [sample(mediaTypes.ociManifest, image.manifest.bytes), sample(mediaTypes.ociIndex, index)],
      weight: 10,
      run: (bytes, path) => void parseDocument(bytes, path),
    },
    {
      name: "configuration",
      samples: [sample("config", image.config.bytes)],
      weight: 10,
      run: (bytes) => void parseConfiguration(bytes),
    },
    {
      name: "layout",
      samples: [sample("index.json", index)],
      weight: 5,
      run: (bytes) =>
        resolveAll(
          (files) => layoutSource("layout", files, undefined, options),
          (path) => (path === "index.json" ? bytes : blobs.get(path.split("/").at(-1) ?? "")),
        ),
    },
    {
      name: "docker archive",
      samples: [sample("manifest.json", docker), sample("config.json", image.config.bytes)],
      weight: 5,
      run: (bytes, changed) =>
        resolveAll(
          (files) => dockerArchiveSource("archive", files, undefined, options),
          (path) => {
            if (path === changed) return bytes;
            if (path === "manifest.json") return docker;
            return path === "config.json" ? image.config.bytes : image.layers[0]?.bytes;
          },
        ),
    },
    { name: "record", samples: recordSamples(), weight: 5, run: (bytes) => readRecord(bytes) },
  ];
}

const options: SourceOptions = {
  settings: { allow: [], insecure: [], allowPrivate: [] },
  credentials: async () => undefined,
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

async function resolveAll(
  open: (files: LayoutFiles) => ReturnType<typeof layoutSource>,
  content: (path: string) => Buffer | undefined,
): Promise<void> {
  const files: LayoutFiles = {
    open: async (path) => {
      const bytes = content(path);
      return bytes && { size: bytes.length, read: () => once(bytes) };
    },
    close: async () => {},
  };
  const source = open(files);
  for (const one of (await source.resolve("all")).images) {
    const opened = await one.open();
    for (const layer of opened.layers.keys()) for await (const _piece of opened.openLayer(layer));
  }
}

const recordDiffId = `sha256:${"1".repeat(64)}`;

/** A record as it is stored; the description in it is compressed, hence also one whose description is not. */
function recordSamples(): Sample[] {
  const set = Buffer.alloc(64, 7);
  const description = {
    schema: "portwarden.layer/1",
    diffId: recordDiffId,
    extractors: extractorsVersion,
    bytes: 1,
    entries: 1,
    files: [{ path: "a", facts: [{ packages: [{ type: "npm", name: "a", version: "1" }] }] }],
    whiteouts: ["b"],
    opaque: [],
    links: [["c", "d"]],
    partial: [],
    outside: {},
  };
  const described = zstdCompressSync(JSON.stringify(description));
  const sizes = Buffer.alloc(16);
  for (const [index, part] of [set, set, set, described].entries()) sizes.writeUInt32LE(part.length, 4 * index);
  return [{ path: "record", content: Buffer.concat([Buffer.from("PWLAYER3"), sizes, set, set, set, described]) }];
}

async function readRecord(bytes: Buffer): Promise<void> {
  const records = layerRecordsIn({ get: async () => bytes, put: async () => {} });
  await records.get(recordDiffId, extractorsVersion);
}
