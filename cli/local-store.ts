import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readLocalSettings } from "../local/settings.ts";
import { embeddedBlobs } from "../shared/platform/embedded/blobs.ts";
import { consoleLog } from "../shared/platform/embedded/log.ts";
import type { Blobs, Clock, Log } from "../shared/platform/ports.ts";
import type { Settings } from "../shared/platform/settings.ts";

export interface LocalStore {
  readonly directory: string;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Settings;
}

/** The content-addressed part of a data directory: what commands need that run without the platform. */
export function localStore(dataDirectory: string, configFile?: string): LocalStore {
  const directory = resolve(dataDirectory);
  const { settings, logLevel } = readLocalSettings(directory, process.env, configFile);
  return {
    directory,
    blobs: embeddedBlobs(directory),
    clock: { now: () => Date.now() },
    log: consoleLog({ level: logLevel === "info" ? "warn" : logLevel }),
    settings,
  };
}

/** A store that is empty, and gone once it is removed. */
export function temporaryStore(configFile?: string): LocalStore & { remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "portwarden-store-"));
  return {
    ...localStore(directory, configFile),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
