import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, PermanentError, TransientError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { ecosystemFamily } from "./ecosystems.ts";
import { createIntake, type FileCount, type Intake, type Quarantined, takeIn } from "./intake.ts";
import {
  type Manifest,
  type ManifestEcosystem,
  type ManifestExploited,
  type ManifestShard,
  readManifest,
} from "./manifest.ts";
import { areIntact, publish, storeExploited, storeShards } from "./publish.ts";
import type { AdvisorySettings } from "./settings.ts";
import { documentsBelow } from "./sources/files.ts";
import { download } from "./sources/http.ts";
import { zipDocuments } from "./sources/zip.ts";

export interface UpdateResult {
  /** Hash of the set, and whether it differs from the one before. */
  readonly set: string;
  readonly changed: boolean;
  readonly updatedAt: string;
  readonly newestRecord?: string;
  readonly shards: number;
  /** Compressed bytes of all shards. */
  readonly bytes: number;
  readonly ecosystems: readonly {
    readonly name: string;
    /** `updated`: read now; `unchanged`: upstream has nothing newer; `kept`: as before, for the reason given. */
    readonly state: "updated" | "unchanged" | "kept";
    readonly records: number;
    readonly updatedAt: string;
    readonly reason?: string;
  }[];
  readonly exploited: number;
  /** Per file (or archive) what was taken and what was not. */
  readonly files: readonly FileCount[];
  readonly quarantined: { readonly count: number; readonly first: readonly Quarantined[] };
}

export type UpdatePorts = Pick<Platform, "blobs" | "clock" | "log" | "progress">;

/** One update under way. */
interface Update {
  readonly ports: UpdatePorts;
  readonly settings: AdvisorySettings;
  readonly directory: string;
  readonly intake: Intake;
  readonly before: Manifest | undefined;
  readonly shards: ManifestShard[];
  readonly ecosystems: ManifestEcosystem[];
  readonly states: Map<string, { readonly state: "updated" | "unchanged" | "kept"; readonly reason?: string }>;
  exploited: ManifestExploited | undefined;
}

/**
 * Fills or refreshes the advisory store from `from` (default: `settings.upstream`): a directory or file of advisories
 * on this machine, or the `http(s):` base URL of an export laid out as OSV's (`<ecosystem>/all.zip`). It replaces the
 * ecosystems that the source has; the others of `settings.ecosystems` stay as they are. The new set becomes visible
 * as a whole, at the end.
 *
 * Throws `TransientError("advisories-unreachable")` when nothing could be fetched, `PermanentError` for a source that
 * is missing, broken or without advisories; the present set then stays in use.
 */
export async function updateAdvisories(
  ports: UpdatePorts,
  settings: AdvisorySettings,
  from: string = settings.upstream,
): Promise<UpdateResult> {
  const before = await readManifest(ports.blobs).catch((error: unknown) => {
    ports.log.warn("the advisory manifest cannot be read and is written anew", { error: messageOf(error) });
    return undefined;
  });
  const directory = await mkdtemp(join(tmpdir(), "portwarden-advisories-"));
  try {
    const update: Update = {
      ports,
      settings,
      directory,
      intake: createIntake(directory),
      before,
      shards: [],
      ecosystems: [],
      states: new Map(),
      exploited: before?.exploited,
    };
    if (/^https?:\/\//.test(from)) await readExport(update, from.replace(/\/+$/, ""));
    else await readFiles(update, from);
    keepTheRest(update);
    return await finish(update);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function now(update: Update): string {
  return new Date(update.ports.clock.now()).toISOString();
}

/** A directory, or one file. */
async function readFiles(update: Update, from: string): Promise<void> {
  const { ports, intake, settings } = update;
  const path = from.startsWith("file://") ? new URL(from).pathname : from;
  const wanted = new Set(settings.ecosystems);
  const documents = documentsBelow(path, (done, total) => ports.progress.report("advisories", done, total));
  await takeIn(intake, documents, (ecosystem) => wanted.has(ecosystemFamily(ecosystem)));
  if (intake.families.size === 0 && intake.exploited.size === 0) {
    throw new PermanentError(
      "advisories-none-found",
      `${from} has no advisories in OSV form of the ecosystems ${settings.ecosystems.join(", ")}. ${stays(update)}`,
    );
  }
  for (const family of [...intake.families.keys()].sort()) await takeFamily(update, family, from);
  if (intake.exploited.size > 0) update.exploited = await storeExploited(ports, intake.exploited, { source: from });
}

/** Lays out and stores what was taken in of one ecosystem family. */
async function takeFamily(update: Update, family: string, source: string, etag?: string): Promise<void> {
  const { ports, intake } = update;
  const count = intake.families.get(family);
  if (count === undefined) return;
  update.shards.push(...(await storeShards(ports, intake, family)));
  update.ecosystems.push({
    name: family,
    updatedAt: now(update),
    newestRecord: count.newestRecord,
    records: count.records,
    source,
    ...(etag !== undefined && { etag }),
    databases: [...count.databases]
      .map(([name, licence]) => ({ name, ...(licence !== undefined && { licence }) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  });
  update.states.set(family, { state: "updated" });
}

/** OSV's export: https://google.github.io/osv.dev/data/ */
async function readExport(update: Update, base: string): Promise<void> {
  const { ports, settings } = update;
  const failures: unknown[] = [];
  for (const family of settings.ecosystems) {
    try {
      await readExportedFamily(update, base, family);
    } catch (error) {
      failures.push(error);
      update.intake.spool.forget(family);
      update.intake.families.delete(family);
      update.states.set(family, { state: "kept", reason: messageOf(error) });
      ports.log.warn("an ecosystem's advisories were not updated", { ecosystem: family, error: messageOf(error) });
    }
  }
  if (failures.length === settings.ecosystems.length) throw unreachable(update, base, failures[0]);
  if (settings.kevUrl !== "") await readExploitedList(update, settings.kevUrl);
}

async function readExportedFamily(update: Update, base: string, family: string): Promise<void> {
  const { ports, intake, before, directory } = update;
  const url = `${base}/${encodeURIComponent(family)}/all.zip`;
  const known = before?.ecosystems.find(({ name, source }) => name === family && source === url);
  const path = join(directory, "download.zip");
  const onBytes = (done: number, total: number | undefined) => ports.progress.report(`download ${family}`, done, total);
  const shards = shardsOf(before, family);
  const etag = (await areIntact(ports.blobs, shards)) ? known?.etag : undefined;
  const fetched = await download(url, path, { etag, onBytes });
  if (fetched.unchanged) {
    if (known === undefined) throw new PermanentError("advisories-refused", `${url} answered 304 to a plain request`);
    update.ecosystems.push({ ...known, updatedAt: now(update) });
    update.shards.push(...shards);
    update.states.set(family, { state: "unchanged" });
    return;
  }
  try {
    const onEntry = (done: number, total: number) => ports.progress.report(`read ${family}`, done, total);
    const documents = zipDocuments(path, `${family}/all.zip`, onEntry);
    await takeIn(intake, documents, (ecosystem) => ecosystemFamily(ecosystem) === family);
  } finally {
    await rm(path, { force: true });
  }
  refuseShrunken(family, intake.families.get(family)?.records ?? 0, known?.records ?? 0);
  await takeFamily(update, family, url, fetched.etag);
}

/** An export that suddenly has a tenth of its records is a broken export, not a safer world. */
function refuseShrunken(family: string, records: number, knownRecords: number): void {
  if (records > 0 && (knownRecords < 1000 || records * 10 >= knownRecords)) return;
  const message = `only ${records} records of ${family}, ${knownRecords} before: not believed`;
  throw new PermanentError("advisories-shrunken", message);
}

async function readExploitedList(update: Update, url: string): Promise<void> {
  const { ports, intake, before, directory } = update;
  const known = before?.exploited?.source === url ? before.exploited : undefined;
  const path = join(directory, "known-exploited.json");
  try {
    const etagHere = known !== undefined && (await areIntact(ports.blobs, [known])) ? known.etag : undefined;
    const fetched = await download(url, path, { etag: etagHere });
    if (fetched.unchanged && known !== undefined) {
      update.exploited = { ...known, updatedAt: now(update) };
      return;
    }
    intake.exploited.clear();
    await stat(path);
    await takeIn(
      intake,
      documentsBelow(path, () => undefined),
      () => false,
    );
    if (intake.exploited.size === 0) throw new PermanentError("advisories-none-found", `${url} lists nothing`);
    const etag = fetched.unchanged ? undefined : fetched.etag;
    update.exploited = await storeExploited(ports, intake.exploited, {
      source: url,
      ...(etag !== undefined && { etag }),
    });
  } catch (error) {
    ports.log.warn("the known-exploited catalogue was not updated", { error: messageOf(error) });
  }
}

function shardsOf(manifest: Manifest | undefined, family: string): readonly ManifestShard[] {
  return manifest?.shards.filter(({ name }) => ecosystemFamily(name) === family) ?? [];
}

/** Ecosystems that are wanted and that this update did not bring stay as they were. */
function keepTheRest(update: Update): void {
  const brought = new Set(update.ecosystems.map(({ name }) => name));
  for (const known of update.before?.ecosystems ?? []) {
    if (brought.has(known.name) || !update.settings.ecosystems.includes(known.name)) continue;
    update.ecosystems.push(known);
    update.shards.push(...shardsOf(update.before, known.name));
    if (!update.states.has(known.name)) {
      update.states.set(known.name, { state: "kept", reason: "the source has no records of it" });
    }
  }
}

async function finish(update: Update): Promise<UpdateResult> {
  const { ports, intake, before, shards, ecosystems, exploited } = update;
  const manifest = await publish(ports, { ecosystems, shards, ...(exploited !== undefined && { exploited }) });
  const files = [...intake.files.values()];
  const result: UpdateResult = {
    set: manifest.set,
    changed: manifest.set !== before?.set,
    updatedAt: manifest.updatedAt,
    ...(manifest.newestRecord !== undefined && { newestRecord: manifest.newestRecord }),
    shards: manifest.shards.length,
    bytes: manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0),
    ecosystems: [...update.states]
      .map(([name, state]) => {
        const known = manifest.ecosystems.find((ecosystem) => ecosystem.name === name);
        return { name, ...state, records: known?.records ?? 0, updatedAt: known?.updatedAt ?? "" };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    exploited: manifest.exploited?.count ?? 0,
    files,
    quarantined: {
      count: files.reduce((sum, { quarantined }) => sum + quarantined, 0),
      first: intake.quarantined,
    },
  };
  ports.log.info("advisories updated", {
    set: result.set,
    changed: result.changed,
    shards: result.shards,
    bytes: result.bytes,
    quarantined: result.quarantined.count,
  });
  return result;
}

function stays(update: Update): string {
  const { before, ports } = update;
  if (before === undefined) return "The store is empty.";
  const days = Math.floor((ports.clock.now() - Date.parse(before.updatedAt)) / 86_400_000);
  return `The present advisories of ${before.updatedAt} (${days} days old) stay in use.`;
}

function unreachable(update: Update, base: string, cause: unknown): Error {
  const message =
    `no advisories could be fetched from ${base} (${messageOf(cause)}). ${stays(update)} ` +
    `Without a network, copy an export here and run "portwarden advisories update --from <directory or zip>".`;
  return cause instanceof PermanentError
    ? new PermanentError(cause.code, message, { cause })
    : new TransientError("advisories-unreachable", message, { cause });
}
