/** Images made on the spot, as OCI archives: the same bytes in every run. */
import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { createGzip, createZstdCompress, constants as zlib } from "node:zlib";
import { tarEnd, tarHeader, tarPadding } from "../../shared/registry/archives/tar-header.ts";

export interface LayerPlan {
  readonly createdBy: string;
  /** The uncompressed tar, in pieces that the reader may keep. */
  tar(): Iterable<Buffer>;
}

export type Compression = "gzip" | "zstd";

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface BuiltLayer extends Blob {
  readonly diffId: string;
}

/** Passes pieces on and hashes them. */
async function write(target: NodeJS.WritableStream, piece: Uint8Array, hash?: Hash): Promise<void> {
  hash?.update(piece);
  if (!target.write(piece)) await once(target, "drain");
}

async function buildLayer(folder: string, plan: LayerPlan, compression: Compression): Promise<BuiltLayer> {
  const encoder =
    compression === "gzip"
      ? createGzip({ level: 6, chunkSize: 1 << 18 })
      : createZstdCompress({ params: { [zlib.ZSTD_c_compressionLevel]: 3 }, chunkSize: 1 << 18 });
  const [raw, packed] = [createHash("sha256"), createHash("sha256")];
  const file = join(folder, "layer.part");
  const output = createWriteStream(file);
  encoder.on("data", (piece: Buffer) => packed.update(piece));
  encoder.pipe(output);
  for (const piece of plan.tar()) await write(encoder, piece, raw);
  encoder.end();
  await once(output, "close");
  const digest = `sha256:${packed.digest("hex")}`;
  const size = statSync(file).size;
  renameSync(file, join(folder, digest.slice(7)));
  const mediaType = `application/vnd.oci.image.layer.v1.tar+${compression}`;
  return { mediaType, digest, size, diffId: `sha256:${raw.digest("hex")}` };
}

/**
 * Writes an image as an OCI archive, unless it is there already.
 * @returns its path
 */
export async function buildArchive(
  folder: string,
  name: string,
  plans: readonly LayerPlan[],
  compression: Compression,
): Promise<string> {
  const archive = join(folder, `${name}.oci.tar`);
  if (existsSync(archive)) return archive;
  const parts = join(folder, `${name}.parts`);
  mkdirSync(parts, { recursive: true });
  const layers: BuiltLayer[] = [];
  for (const plan of plans) layers.push(await buildLayer(parts, plan, compression));
  const configuration = json("application/vnd.oci.image.config.v1+json", {
    os: "linux",
    architecture: "amd64",
    config: { Cmd: ["/bin/sh"] },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: plans.map(({ createdBy }) => ({ created_by: createdBy })),
  });
  const manifest = json("application/vnd.oci.image.manifest.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: configuration.blob,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  });
  const index = json("application/vnd.oci.image.index.v1+json", { schemaVersion: 2, manifests: [manifest.blob] });
  const output = createWriteStream(`${archive}.part`);
  const member = async (path: string, size: number, content: AsyncIterable<Buffer> | Iterable<Buffer>) => {
    await write(output, tarHeader({ path, type: "file", size, mode: 0o644 }));
    for await (const piece of content) await write(output, piece);
    await write(output, tarPadding(size));
  };
  const layout = Buffer.from('{"imageLayoutVersion":"1.0.0"}');
  await member("oci-layout", layout.length, [layout]);
  await member("index.json", index.bytes.length, [index.bytes]);
  for (const { blob, bytes } of [manifest, configuration]) {
    await member(`blobs/sha256/${blob.digest.slice(7)}`, bytes.length, [bytes]);
  }
  for (const { digest, size } of new Map(layers.map((layer) => [layer.digest, layer])).values()) {
    await member(`blobs/sha256/${digest.slice(7)}`, size, createReadStream(join(parts, digest.slice(7))));
  }
  output.end(tarEnd);
  await once(output, "close");
  renameSync(`${archive}.part`, archive);
  rmSync(parts, { recursive: true });
  return archive;
}

function json(mediaType: string, value: unknown): { readonly blob: Blob; readonly bytes: Buffer } {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return { blob: { mediaType, digest, size: bytes.length }, bytes };
}
