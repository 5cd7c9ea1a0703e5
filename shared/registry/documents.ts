/**
 * Manifests, indexes and configurations, as OCI image-spec 1.1 and Docker's schema 2 have them, parsed out of hostile
 * bytes. Unknown fields are ignored, as both specifications ask.
 */
import * as z from "zod";
import { PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import { digestPattern } from "./digest.ts";
import type { Descriptor, ImageConfiguration } from "./types.ts";

export const mediaTypes = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
} as const;

const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerIndex];
const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
const configTypes: readonly string[] = [mediaTypes.ociConfig, mediaTypes.dockerConfig];
/** With any compression suffix; `nondistributable` and `foreign` layers are layers too. */
const layerTypePattern =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar)/;

/** The `Accept` header of manifest requests. */
export const acceptedManifests: string = [...manifestTypes, ...indexTypes].join(", ");

/** Writers in Go leave `null` where there is nothing. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);

const descriptorSchema = z.object({
  mediaType: optional(z.string().max(255)),
  digest: z.string().regex(digestPattern),
  size: z.int().min(0),
  annotations: optional(z.record(z.string(), z.string())),
  platform: optional(
    z.object({ os: optional(z.string()), architecture: optional(z.string()), variant: optional(z.string()) }),
  ),
  artifactType: optional(z.string()),
});

const documentSchema = z.object({
  schemaVersion: optional(z.int()),
  mediaType: optional(z.string()),
  artifactType: optional(z.string()),
  config: optional(descriptorSchema),
  layers: optional(z.array(descriptorSchema)),
  manifests: optional(z.array(descriptorSchema)),
  annotations: optional(z.record(z.string(), z.string())),
});

/** What only tells something of an image never makes it unreadable. */
const told = <Schema extends z.ZodType>(schema: Schema) => optional(schema).catch(undefined);
/** Some writers give a command line as one text. */
const commandLine = told(z.union([z.array(z.string()), z.string().transform((line) => [line])]));
/** Go's sets: objects of which only the keys say something. */
const keys = told(z.record(z.string(), z.unknown()).transform((set) => Object.keys(set).sort()));

const configSchema = z.object({
  User: optional(z.string()),
  Env: optional(z.array(z.string())),
  Labels: optional(z.record(z.string(), z.string())),
  Entrypoint: commandLine,
  Cmd: commandLine,
  ExposedPorts: keys,
  Volumes: keys,
  WorkingDir: told(z.string()),
  StopSignal: told(z.string()),
  Healthcheck: told(z.object({ Test: told(z.array(z.string())) })),
});
type Configured = Partial<z.infer<typeof configSchema>>;

const configurationSchema = z.object({
  os: optional(z.string()),
  architecture: optional(z.string()),
  variant: optional(z.string()),
  created: optional(z.string()),
  config: optional(configSchema),
  rootfs: optional(z.object({ diff_ids: optional(z.array(z.string().regex(digestPattern))) })),
  history: optional(
    z.array(
      z.object({
        created: told(z.string()),
        created_by: optional(z.string()),
        comment: told(z.string()),
        empty_layer: optional(z.boolean()),
      }),
    ),
  ),
});

export interface ManifestDocument {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly artifactType?: string;
}

export interface IndexDocument {
  readonly kind: "index";
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

/**
 * A manifest or an index. Its kind is what its own `mediaType` says; without one (umoci writes none) what the
 * transport said, and at last its shape. A document that could be read as both is refused (CVE-2021-41190).
 * @param declared media type from a descriptor or the `Content-Type` header
 * @throws PermanentError `not-an-image`, `manifest-too-large`
 */
export function parseDocument(bytes: Uint8Array, declared?: string): ManifestDocument | IndexDocument {
  const raw = parseJson(bytes, "manifest", limits.manifestBytes);
  if (isSchema1(raw)) throw notAnImage("a manifest of schema 1, which no longer can be verified");
  const document = checked(documentSchema, raw, "manifest");
  const kind = kindOf(document, declared?.split(";")[0]?.trim().toLowerCase());
  if (kind === "index") {
    const manifests = document.manifests ?? [];
    tooMany(manifests.length, limits.manifestsPerIndex, "manifests in an index");
    const mediaType = document.mediaType ?? mediaTypes.ociIndex;
    return { kind, mediaType, manifests: manifests.map((one) => descriptorOf(one, mediaTypes.ociManifest)) };
  }
  if (document.config === undefined) throw notAnImage("a manifest without a configuration");
  const layers = document.layers ?? [];
  tooMany(layers.length, limits.layersPerImage, "layers in a manifest");
  return {
    kind,
    mediaType: document.mediaType ?? mediaTypes.ociManifest,
    config: descriptorOf(document.config, ""),
    layers: layers.map((one) => descriptorOf(one, "")),
    annotations: document.annotations ?? {},
    ...(document.artifactType === undefined ? {} : { artifactType: document.artifactType }),
  };
}

/**
 * The image configuration.
 * @throws PermanentError `not-an-image`, `manifest-too-large`
 */
export function parseConfiguration(bytes: Uint8Array): ImageConfiguration {
  const raw = checked(configurationSchema, parseJson(bytes, "configuration", limits.configBytes), "configuration");
  const config: Configured = raw.config ?? {};
  return {
    ...defined({ os: raw.os, architecture: raw.architecture, variant: raw.variant, created: raw.created }),
    config: defined({
      user: config.User === "" ? undefined : config.User,
      environment: config.Env,
      labels: config.Labels,
      entrypoint: config.Entrypoint,
      command: config.Cmd,
      exposedPorts: config.ExposedPorts,
      volumes: config.Volumes,
      workingDirectory: config.WorkingDir === "" ? undefined : config.WorkingDir,
      stopSignal: config.StopSignal,
      healthcheck: config.Healthcheck?.Test,
    }),
    diffIds: raw.rootfs?.diff_ids ?? [],
    history: (raw.history ?? []).map((step) =>
      defined({
        created: step.created,
        createdBy: step.created_by,
        comment: step.comment,
        emptyLayer: step.empty_layer,
      }),
    ),
  };
}

/** Whether the manifest is of a runnable image: signatures, charts and other artefacts have other types inside. */
export function isImage(manifest: ManifestDocument): boolean {
  if (!configTypes.includes(manifest.config.mediaType)) return false;
  return manifest.layers.length === 0 || manifest.layers.some((layer) => layerTypePattern.test(layer.mediaType));
}

/** Whether an entry of an index says by itself that it is no image: an attestation or another artefact. */
export function isAttestation(entry: Descriptor): boolean {
  if (entry.annotations?.["vnd.docker.reference.type"] !== undefined) return true;
  if (entry.platform?.os === "unknown" && entry.platform.architecture === "unknown") return true;
  if (entry.artifactType !== undefined && !configTypes.includes(entry.artifactType)) return true;
  return !isIndexType(entry.mediaType) && !manifestTypes.includes(entry.mediaType);
}

export function isIndexType(mediaType: string): boolean {
  return indexTypes.includes(mediaType);
}

/** Parses JSON of a bounded size; the message never repeats the bytes. */
export function parseJson(bytes: Uint8Array, what: string, limit: number): unknown {
  if (bytes.length > limit) throw new PermanentError("manifest-too-large", `the ${what} is over ${limit} bytes`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw notAnImage(`a ${what} that is not JSON`);
  }
}

function kindOf(document: z.infer<typeof documentSchema>, declared: string | undefined): "manifest" | "index" {
  const looksLikeIndex = document.manifests !== undefined;
  const looksLikeManifest = document.config !== undefined || document.layers !== undefined;
  if (looksLikeIndex && looksLikeManifest) throw notAnImage("both a manifest and an index");
  const own = kindOfType(document.mediaType);
  const told = kindOfType(declared);
  if (document.mediaType !== undefined && own === undefined) throw notAnImage("of an unknown media type");
  if (own !== undefined && told !== undefined && own !== told) throw notAnImage("not of the media type it came as");
  const kind = own ?? told ?? (looksLikeIndex ? "index" : looksLikeManifest ? "manifest" : undefined);
  const fits = kind === "index" ? looksLikeIndex : looksLikeManifest;
  if (kind === undefined || !fits) throw notAnImage("neither a manifest nor an index");
  return kind;
}

function kindOfType(mediaType: string | undefined): "manifest" | "index" | undefined {
  if (mediaType === undefined) return undefined;
  return isIndexType(mediaType) ? "index" : manifestTypes.includes(mediaType) ? "manifest" : undefined;
}

function isSchema1(raw: unknown): boolean {
  if (typeof raw !== "object" || raw === null) return false;
  return ("schemaVersion" in raw && raw.schemaVersion === 1) || "fsLayers" in raw;
}

function descriptorOf(raw: z.infer<typeof descriptorSchema>, mediaType: string): Descriptor {
  if (raw.size > limits.layerBytes) {
    throw new PermanentError(
      "manifest-too-large",
      `a blob of ${raw.size} bytes, over the limit of ${limits.layerBytes}`,
    );
  }
  const { os, architecture, variant } = raw.platform ?? {};
  const platform = os && architecture ? { os, architecture, ...(variant ? { variant } : {}) } : undefined;
  return {
    mediaType: raw.mediaType ?? mediaType,
    digest: raw.digest,
    size: raw.size,
    ...defined({ annotations: raw.annotations, platform, artifactType: raw.artifactType }),
  };
}

function checked<Schema extends z.ZodType>(schema: Schema, raw: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.slice(0, 4).join(".") ?? "";
  throw notAnImage(`a malformed ${what}${where === "" ? "" : `, at ${where.slice(0, 100)}`}`);
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The same record without the fields that are `undefined`. */
function defined<T extends object>(record: T): Defined<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function tooMany(count: number, limit: number, what: string): void {
  if (count > limit) throw new PermanentError("manifest-too-large", `${count} ${what}, over the limit of ${limit}`);
}

function notAnImage(what: string): PermanentError {
  return new PermanentError("not-an-image", `this is ${what}`);
}
