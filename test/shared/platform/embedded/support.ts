import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../../shared/platform/embedded/clock.ts";
import { type EmbeddedStore, openEmbeddedStore } from "../../../../shared/platform/embedded/store.ts";
import type { Clock, Log } from "../../../../shared/platform/ports.ts";

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

export interface TemporaryDirectory extends Disposable {
  readonly path: string;
}

export function temporaryDirectory(): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), "portwarden-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface TestStore extends EmbeddedStore {
  readonly directory: string;
  /** Closes it and removes its directory. */
  discard(): void;
}

export function testStore(clock: Clock = systemClock, log: Log = silentLog): TestStore {
  const directory = temporaryDirectory();
  const store = openEmbeddedStore(directory.path, { clock, log });
  return {
    ...store,
    directory: directory.path,
    discard() {
      store.close();
      directory[Symbol.dispose]();
    },
  };
}
