/**
 * Small images made on the spot, in memory, for the demo and for tests. The same input gives the same bytes, and so
 * the same digests, on every machine.
 */
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { tarEnd, tarHeader, tarPadding } from "../../shared/registry/archives/tar-header.ts";
import type { Descriptor, ImagePlatform } from "../../shared/registry/types.ts";

/**
 * One entry of a layer. A path that ends with `/` is a directory; `linkTo` makes a symlink, `hardLinkTo` a hardlink.
 * Whiteouts are plain names: `etc/.wh.passwd`, `var/.wh..wh..opq`.
 */
export interface LayerFile {
  readonly path: string;
  readonly content?: string | Uint8Array;
  /** Default 0o644, for directories 0o755. */
  readonly mode?: number;
  readonly linkTo?: string;
  readonly hardLinkTo?: string;
}

export interface LayerInput {
  readonly files: readonly LayerFile[];
  /** What `docker history` would show. */
  readonly createdBy?: string;
  /** Default gzip. */
  readonly compression?: "gzip" | "zstd" | "none";
}

export interface ImageInput {
  readonly layers: readonly LayerInput[];
  /** Default linux/amd64. */
  readonly platform?: ImagePlatform;
  /** The `config` part of the image configuration, in its own spelling: `{ User: "app", Env: ["A=b"] }`. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** `docker` gives the Docker media types instead of the OCI ones. */
  readonly format?: "oci" | "docker";
}

/** Bytes with the descriptor that points to them. */
export interface BuiltBlob extends Descriptor {
  readonly bytes: Buffer;
}

export interface BuiltImage {
  readonly kind: "image";
  readonly manifest: BuiltBlob;
  readonly config: BuiltBlob;
  readonly layers: readonly BuiltBlob[];
  /** Digests of the uncompressed layers. */
  readonly diffIds: readonly string[];
  readonly platform: ImagePlatform;
}

export interface BuiltIndex {
  readonly kind: "index";
  readonly manifest: BuiltBlob;
  readonly images: readonly BuiltImage[];
}

const mediaTypes = {
  oci: {
    index: "application/vnd.oci.image.index.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    layer: {
      gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
      zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
      none: "application/vnd.oci.image.layer.v1.tar",
    },
  },
  docker: {
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
    layer: {
      gzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
      zstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
      none: "application/vnd.docker.image.rootfs.diff.tar",
    },
  },
} as const;

/** An uncompressed tar of these entries, in the given order. */
export function buildTar(files: readonly LayerFile[]): Buffer {
  const parts: Buffer[] = [];
  for (const file of files) {
    if (file.linkTo !== undefined || file.hardLinkTo !== undefined) {
      const type = file.linkTo === undefined ? "hardlink" : "symlink";
      const linkPath = file.linkTo ?? file.hardLinkTo ?? "";
      parts.push(tarHeader({ path: file.path, type, size: 0, mode: file.mode ?? 0o777, linkPath }));
    } else if (file.path.endsWith("/")) {
      parts.push(tarHeader({ path: file.path, type: "directory", size: 0, mode: file.mode ?? 0o755 }));
    } else {
      const content = Buffer.from(file.content ?? "");
      parts.push(tarHeader({ path: file.path, type: "file", size: content.length, mode: file.mode ?? 0o644 }));
      parts.push(content, tarPadding(content.length));
    }
  }
  return Buffer.concat([...parts, tarEnd]);
}

/** One image, complete in memory. */
export function buildImage(input: ImageInput): BuiltImage {
  const types = mediaTypes[input.format ?? "oci"];
  const platform = input.platform ?? { os: "linux", architecture: "amd64" };
  const diffIds: string[] = [];
  const layers = input.layers.map((layer) => {
    const tar = buildTar(layer.files);
    diffIds.push(digestOf(tar));
    const compression = layer.compression ?? "gzip";
    return blob(types.layer[compression], compress(tar, compression));
  });
  const configuration = {
    created: "1970-01-01T00:00:00Z",
    ...platform,
    config: input.config ?? {},
    rootfs: { type: "layers", diff_ids: diffIds },
    history: input.layers.map((layer) => ({
      created: "1970-01-01T00:00:00Z",
      created_by: layer.createdBy ?? "COPY . / # demo",
    })),
  };
  const config = blob(types.config, json(configuration));
  const manifest = blob(
    types.manifest,
    json({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: plain(config),
      layers: layers.map(plain),
      ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
    }),
  );
  return { kind: "image", manifest, config, layers, diffIds, platform };
}

/** An index (manifest list) of images, each under its platform. `extra` descriptors are appended as they are. */
export function indexOf(
  images: readonly BuiltImage[],
  options: { readonly format?: "oci" | "docker"; readonly extra?: readonly Descriptor[] } = {},
): BuiltIndex {
  const type = mediaTypes[options.format ?? "oci"].index;
  const manifests = [
    ...images.map((image) => ({ ...plain(image.manifest), platform: image.platform })),
    ...(options.extra ?? []),
  ];
  return { kind: "index", manifest: blob(type, json({ schemaVersion: 2, mediaType: type, manifests })), images };
}

/** Bytes as a blob with its descriptor. */
export function blob(mediaType: string, bytes: Buffer): BuiltBlob {
  return { mediaType, digest: digestOf(bytes), size: bytes.length, bytes };
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function plain(built: BuiltBlob): Descriptor {
  return { mediaType: built.mediaType, digest: built.digest, size: built.size };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function compress(tar: Buffer, compression: "gzip" | "zstd" | "none"): Buffer {
  if (compression === "none") return tar;
  if (compression === "zstd") return zstdCompressSync(tar);
  const bytes = gzipSync(tar, { level: 6 });
  // RFC 1952: the operating system byte; 255 is "unknown", so that every system writes the same.
  bytes[9] = 255;
  return bytes;
}
