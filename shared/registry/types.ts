/** Images and where they come from. Terms: OCI image-spec 1.1 and distribution-spec 1.1. */

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: ImagePlatform;
  readonly artifactType?: string;
}

export interface ImagePlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** A name as people write it, parsed. Exactly one of `tag` and `digest` may be missing. */
export interface ImageReference {
  /** Host with optional port, e.g. `docker.io`, `127.0.0.1:5000`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

export type Credentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** A bearer token for the registry's API itself. */
  | { readonly kind: "bearer"; readonly token: string }
  /** An OAuth2 refresh token for the registry's token service. */
  | { readonly kind: "refresh"; readonly token: string };

/** Credentials for a registry host, or none (anonymous). Never logs what it returns. */
export type CredentialSource = (registry: string) => Promise<Credentials | undefined>;

/** The parts of the OCI image configuration that the product reads. */
export interface ImageConfiguration {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
  readonly created?: string;
  readonly config: {
    readonly user?: string;
    readonly environment?: readonly string[];
    readonly labels?: Readonly<Record<string, string>>;
    readonly entrypoint?: readonly string[];
    readonly command?: readonly string[];
    /** As `8080/tcp`. */
    readonly exposedPorts?: readonly string[];
    readonly volumes?: readonly string[];
    readonly workingDirectory?: string;
    readonly stopSignal?: string;
    /** First `NONE`, `CMD` or `CMD-SHELL`, then its arguments; empty: inherited. Times are left out. */
    readonly healthcheck?: readonly string[];
  };
  /** Uncompressed digests, lowest layer first; empty when the source has none. */
  readonly diffIds: readonly string[];
  readonly history: readonly HistoryStep[];
}

/** One step of how the image was built. */
export interface HistoryStep {
  readonly created?: string;
  readonly createdBy?: string;
  /** BuildKit says here by which builder. */
  readonly comment?: string;
  readonly emptyLayer?: boolean;
}

/** One image (one platform) whose layers can be streamed. */
export interface Image {
  /** Digest of the image manifest; for sources without one, of what stands for it (the source says which). */
  readonly digest: string;
  readonly mediaType: string;
  readonly platform: ImagePlatform;
  readonly configuration: ImageConfiguration;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * The compressed bytes of layer `index`, as stored. Ends normally only when size and digest were right; else throws
   * `PermanentError("digest-mismatch" | "truncated-layer")`, or `TransientError` when the connection is to blame.
   * Pieces of 16 kB and more belong to the reader, who may give their memory back when it has used them.
   */
  openLayer(index: number): AsyncIterable<Uint8Array>;
}

/** What a name led to: one image, or an index of several. */
export interface ResolvedImage {
  /** Digest of the manifest or index itself. */
  readonly digest: string;
  readonly mediaType: string;
  readonly kind: "image" | "index";
  /** The chosen images: one for `image`; for `index`, those of the wanted platforms. Opened lazily. */
  readonly images: readonly { readonly digest: string; readonly platform: ImagePlatform; open(): Promise<Image> }[];
  /** Attestation manifests and other artefacts of the index: not images, but remembered. */
  readonly attestations: readonly Descriptor[];
}

/** A document that is stored beside an image and is about it: an attestation, as it was written. */
export interface AttachedDocument {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** What is attached to an image, as far as it was asked for. */
export interface Attached {
  readonly documents: readonly AttachedDocument[];
  /** What could not be read, and why; `subject` is its digest, or what was asked. */
  readonly problems: readonly { readonly subject: string; readonly detail: string }[];
}

/** `all`, or platforms as `os/architecture[/variant]`. */
export type PlatformSelection = "all" | readonly string[];

/**
 * A place that an image can be read from: a registry, an archive, a layout or a directory. Errors are
 * `PermanentError` with these codes, or transient ones: `image-gone`, `registry-forbidden`, `registry-not-allowed`,
 * `no-such-platform`, `not-an-image`, `digest-mismatch`, `truncated-layer`, `manifest-too-large`, `bad-reference`.
 */
export interface ImageSource {
  /** As people would write it, without credentials. */
  readonly name: string;
  resolve(platforms: PlatformSelection): Promise<ResolvedImage>;
  /**
   * The in-toto statements that are attached to one of the images, or to the index they are in, whose predicate type is
   * wanted (`undefined`: nobody says what it is). Absent: this kind of source has none. Never throws a permanent error.
   */
  attached?(
    resolved: ResolvedImage,
    digest: string,
    wanted: (predicateType: string | undefined) => boolean,
  ): Promise<Attached>;
  close(): Promise<void>;
}
