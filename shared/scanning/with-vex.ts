/** Matches with what VEX says of them: when an image is scanned, and when it is matched again from what is stored. */
import type { Inventory } from "../inventory/types.ts";
import type { MatchResult } from "../matching/types.ts";
import type { Blobs, Log } from "../platform/ports.ts";
import type { Settings } from "../platform/settings.ts";
import type { Image } from "../registry/types.ts";
import { applyVex, type VexImage } from "../vex/apply.ts";
import { rememberAttached, rememberedAttached } from "../vex/remembered.ts";
import { attachedSupply, joined, type VexContext, type VexSupply } from "../vex/supply.ts";
import type { VexRemark } from "../vex/types.ts";

export interface WithVex {
  readonly match: MatchResult;
  /** What of the VEX was not used, and why. */
  readonly remarks: readonly VexRemark[];
}

/** What was matched in an image that was opened, with what its files, feeds and attestations say. */
export async function withVex(
  match: MatchResult,
  image: Image,
  inventory: Inventory,
  context: VexContext | undefined,
): Promise<WithVex> {
  // Where nothing is kept for later, nobody needs to be asked about an image in which nothing was found.
  const needless = context?.remember === undefined && match.vulnerabilities.length === 0;
  if (context === undefined || needless) return { match, remarks: [] };
  const { references, remember, resolved, supply } = context;
  const attached = await attachedSupply(context, image.digest);
  if (remember !== undefined) await rememberAttached(remember, image.digest, attached);
  const digests = [image.digest, resolved.digest];
  return applied(match, inventory, joined(supply, attached), digests, references);
}

export interface StoredVexInput {
  readonly blobs: Pick<Blobs, "get">;
  readonly log: Log;
  readonly settings: Pick<Settings, "vex">;
  /** From `vexFromSettings`, once for many images. */
  readonly supply: VexSupply;
  /** Of the index that the image is one of, where that is known. */
  readonly parent?: string;
  readonly references: VexImage["references"];
}

/** The same for an image that is matched again: what was attached when it was scanned is remembered. */
export async function withStoredVex(match: MatchResult, inventory: Inventory, input: StoredVexInput): Promise<WithVex> {
  const attached = stillTrusted(await rememberedAttached(input.blobs, inventory.digest, input.log), input.settings.vex);
  const digests = [inventory.digest, ...(input.parent === undefined ? [] : [input.parent])];
  return applied(match, inventory, joined(input.supply, attached), digests, input.references);
}

/** Whom the settings believe may have changed since the scan: a key that was taken away vouches for nothing. */
function stillTrusted(attached: VexSupply, { attestations, keys }: Settings["vex"]): VexSupply {
  if (attestations === "off") return { statements: [], remarks: [] };
  if (attestations === "any") return attached;
  const names = new Set(keys.map(({ name }) => name));
  const vouched = attached.statements.filter(({ document: { origin } }) => names.has(origin.verifiedBy ?? ""));
  return { ...attached, statements: vouched };
}

function applied(
  match: MatchResult,
  inventory: Inventory,
  { statements, remarks }: VexSupply,
  digests: readonly string[],
  references: VexImage["references"],
): WithVex {
  const { platform, packages, distribution } = inventory;
  const image = { digests, references, platform, packages, ...(distribution !== undefined && { distribution }) };
  return { match: { ...match, vulnerabilities: applyVex(match.vulnerabilities, statements, image) }, remarks };
}
