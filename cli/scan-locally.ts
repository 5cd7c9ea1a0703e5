/** Scanning without a platform: the same use cases over the content-addressed part of a data directory. */
import { arch, homedir } from "node:os";
import { join } from "node:path";
import { advisoryWarnings } from "../shared/advisories/age.ts";
import { type Advisories, advisoriesOf } from "../shared/advisories/store.ts";
import type { Inventory } from "../shared/inventory/types.ts";
import type { AdvisoryAge } from "../shared/matching/types.ts";
import { dockerConfigCredentials } from "../shared/registry/credentials/docker-config.ts";
import { openImageSource } from "../shared/registry/open-source.ts";
import { formatPlatform } from "../shared/registry/platforms.ts";
import { parseReference } from "../shared/registry/reference.ts";
import type { Image, PlatformSelection, ResolvedImage } from "../shared/registry/types.ts";
import { type Inspection, inspectImage, readInventory } from "../shared/scanning/inspect.ts";
import { joined, type VexContext, type VexSupply } from "../shared/vex/supply.ts";
import { UsageError } from "./exit.ts";
import { type LocalStore, localStore } from "./local-store.ts";
import { terminalProgress } from "./terminal.ts";

export interface LocalScanOptions {
  readonly data: string;
  readonly config?: string;
  readonly platform?: string;
  readonly advisories?: string;
  /** Files and directories with VEX, beside those of the settings. */
  readonly vex?: readonly string[];
}

export interface LocalScan {
  readonly name: string;
  readonly digest: string;
  readonly kind: "image" | "index";
  readonly advisories: AdvisoryAge;
  readonly warnings: readonly string[];
  readonly inspections: readonly Inspection[];
}

/** Scans every chosen image of a name. Throws the typed errors of the image source. */
export async function scanLocally(name: string, options: LocalScanOptions): Promise<LocalScan> {
  const store = localStore(options.data, options.config);
  const advisories = await chosenAdvisories(store, options.advisories);
  const age = advisories.age();
  const warnings = advisoryWarnings(age, store.settings.advisories, store.clock.now());
  const supply = await vexSupply(store, options.vex ?? []);
  const settings = store.settings.vex;
  const inspections: Inspection[] = [];
  const whole = await eachImage(name, store, options.platform, async (image, onBytes, found) => {
    const vex = { ...found, settings, supply };
    inspections.push(await inspectImage(image, { blobs: store.blobs, advisories, vex, log: store.log, onBytes }));
  });
  return { ...whole, advisories: age, warnings, inspections };
}

/** The inventories of every chosen image of a name. */
export async function inventoryLocally(name: string, options: LocalScanOptions): Promise<readonly Inventory[]> {
  const store = localStore(options.data, options.config);
  const inventories: Inventory[] = [];
  await eachImage(name, store, options.platform, async (image, onBytes) => {
    inventories.push((await readInventory(image, { blobs: store.blobs, log: store.log, onBytes })).inventory);
  });
  return inventories;
}

type Found = Pick<VexContext, "source" | "resolved" | "references">;

/** What the command names must be VEX; what the settings name is used as far as it is. */
async function vexSupply(store: LocalStore, files: readonly string[]): Promise<VexSupply> {
  const { vexFromFiles, vexFromSettings } = await import("../shared/vex/files.ts");
  const own = await vexFromFiles(files, store.blobs);
  const configured = await vexFromSettings(store.settings.vex.files, store.blobs);
  return joined(own, configured);
}

/** Archives and directories have a scheme instead of a registry. */
function referencesOf(name: string): VexContext["references"] {
  try {
    return [parseReference(name)];
  } catch {
    return [];
  }
}

async function eachImage(
  name: string,
  store: LocalStore,
  platform: string | undefined,
  use: (image: Image, onBytes: (done: number, total: number) => void, found: Found) => Promise<void>,
): Promise<Pick<LocalScan, "name" | "digest" | "kind">> {
  const progress = terminalProgress();
  const configured = process.env["DOCKER_CONFIG"];
  const source = await openImageSource(name, {
    settings: { ...store.settings.registries, allowPrivate: [...store.settings.registries.allowPrivate] },
    credentials: dockerConfigCredentials(configured ?? join(homedir(), ".docker")),
    log: store.log,
  });
  try {
    const resolved = await source.resolve(platform === undefined ? "all" : selection(platform));
    const images = platform === undefined ? ofThisMachine(resolved) : resolved.images;
    const found = { source, resolved, references: referencesOf(source.name) };
    for (const candidate of images) {
      const image = await candidate.open();
      await use(image, (done, total) => progress.report(source.name, done, total), found);
    }
    return { name: source.name, digest: resolved.digest, kind: resolved.kind };
  } finally {
    progress.end();
    await source.close();
  }
}

function selection(platform: string): PlatformSelection {
  if (platform === "all") return "all";
  if (!/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(platform)) {
    throw new UsageError(`--platform ${platform} is not of the form linux/amd64`);
  }
  return [platform];
}

/** A single image whatever it is for; of an index, the Linux image for this machine's architecture. */
function ofThisMachine(resolved: ResolvedImage): ResolvedImage["images"] {
  if (resolved.kind === "image") return resolved.images;
  const architecture = arch() === "arm64" ? "arm64" : "amd64";
  const fitting = resolved.images.filter(
    ({ platform }) => platform.os === "linux" && platform.architecture === architecture,
  );
  if (fitting.length > 0) return fitting;
  const there = resolved.images.map((image) => formatPlatform(image.platform)).join(", ");
  throw new UsageError(`the index has no image for linux/${architecture}: choose with --platform ${there}, or all`);
}

/** The store of the data directory, or what `--advisories` names: another data directory, or advisory files. */
async function chosenAdvisories(store: LocalStore, from: string | undefined): Promise<Advisories> {
  if (from === undefined) return advisoriesOf(store.blobs);
  const { advisoriesFrom } = await import("./advisories-from.ts");
  return advisoriesFrom(from, store);
}
