/** What every kind of image source is opened with, and what a kind is. */
import type { Log } from "../platform/ports.ts";
import type { Timing } from "./client/timing.ts";
import type { RegistrySettings } from "./settings.ts";
import type { CredentialSource, ImageSource } from "./types.ts";

export interface SourceOptions {
  readonly settings: Pick<RegistrySettings, "allow" | "insecure" | "allowPrivate">;
  readonly credentials: CredentialSource;
  readonly log: Log;
  /** Called with the size of every piece of a layer, as stored, when it was read. */
  readonly onBytes?: (bytes: number) => void;
  /** Waits and tries other than the usual ones. */
  readonly timing?: Partial<Timing>;
}

/** A kind of source with a scheme of its own: one file in `sources/`, exporting `source`. */
export interface SourceKind {
  /** What stands before the colon: `docker-archive`. */
  readonly scheme: string;
  /** @param rest what stands behind the colon */
  open(rest: string, options: SourceOptions): Promise<ImageSource>;
}
