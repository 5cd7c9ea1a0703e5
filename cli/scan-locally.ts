/** Scanning without a platform: the same use cases over the content-addressed part of a data directory. */
import { advisoryWarnings } from "../shared/advisories/age.ts";
import { type Advisories, advisoriesOf } from "../shared/advisories/set/store.ts";
import type { AdvisoryAge } from "../shared/matching/types.ts";
import { type Inspection, inspectImage } from "../shared/scanning/inspect.ts";
import { joined, type VexSupply } from "../shared/vex/supply.ts";
import { eachImage } from "./each-image.ts";
import { type LocalStore, localStore } from "./local-store.ts";

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

/** What the command names must be VEX; what the settings name is used as far as it is. */
async function vexSupply(store: LocalStore, files: readonly string[]): Promise<VexSupply> {
  const { vexFromFiles, vexFromSettings } = await import("../shared/vex/files.ts");
  const own = await vexFromFiles(files, store.blobs);
  const configured = await vexFromSettings(store.settings.vex.files, store.blobs);
  return joined(own, configured);
}

/** The store of the data directory, or what `--advisories` names: another data directory, or advisory files. */
async function chosenAdvisories(store: LocalStore, from: string | undefined): Promise<Advisories> {
  if (from === undefined) return advisoriesOf(store.blobs);
  const { advisoriesFrom } = await import("./advisories-from.ts");
  return advisoriesFrom(from, store);
}
