/** Everything that is said about one image, and what of it was left out. */
import type { Blobs } from "../platform/ports.ts";
import type { ImageReference, ImageSource, ResolvedImage } from "../registry/types.ts";
import { attestedVex, mayHoldVex } from "./attestations.ts";
import type { VexSettings } from "./settings.ts";
import type { VexReading, VexRemark, VexStatement } from "./types.ts";

export interface VexSupply {
  readonly statements: readonly VexStatement[];
  readonly remarks: readonly VexRemark[];
}

export function noSupply() {
  const statements: VexStatement[] = [];
  const remarks: VexRemark[] = [];
  return { statements, remarks };
}

/** Takes the statements of a document, and tells what of it cannot be used. */
export function addReading(supply: ReturnType<typeof noSupply>, reading: VexReading): void {
  const { document, statements, problems, unmatchable } = reading;
  const { name: subject, source } = document.origin;
  for (const statement of statements) supply.statements.push(statement);
  for (const { index, detail } of problems) {
    const where = index === undefined ? "" : `statement ${index}: `;
    supply.remarks.push({ source, reason: "vex-statement-malformed", detail: `${where}${detail}`, subject });
  }
  if (unmatchable > 0) {
    const detail = `${unmatchable} products have neither purl nor digest, and are compared with nothing`;
    supply.remarks.push({ source, reason: "vex-product-unknown", detail, subject });
  }
}

/** What is known of the images of one name before any of them is read. */
export interface VexContext {
  readonly settings: Pick<VexSettings, "attestations" | "keys">;
  /** From files and feeds. */
  readonly supply: VexSupply;
  readonly source: Pick<ImageSource, "attached">;
  readonly resolved: ResolvedImage;
  /** Under which names the image is known; empty for archives. */
  readonly references: readonly Pick<ImageReference, "registry" | "repository" | "tag">[];
  /** Where what is attached is kept, for when the image is matched again. */
  readonly remember?: Blobs;
}

/** What is attached to one of the images. Throws only transient errors of its registry. */
export async function attachedSupply(context: VexContext, digest: string): Promise<VexSupply> {
  const { settings, source, resolved } = context;
  const supply = noSupply();
  if (settings.attestations === "off" || source.attached === undefined) return supply;
  const attached = await source.attached(resolved, digest, mayHoldVex);
  const { readings, remarks } = attestedVex(attached, [digest, resolved.digest], settings);
  supply.remarks.push(...remarks);
  for (const reading of readings) addReading(supply, reading);
  return supply;
}

export function joined(...supplies: readonly VexSupply[]): VexSupply {
  return {
    statements: supplies.flatMap(({ statements }) => statements),
    remarks: supplies.flatMap(({ remarks }) => remarks),
  };
}
