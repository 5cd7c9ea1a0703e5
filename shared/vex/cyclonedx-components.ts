/** The components of a CycloneDX document, and what a reference in it means. */
import * as z from "zod";
import { digestOf, identityOf, idText } from "./fields.ts";
import type { VexIdentity, VexProduct } from "./types.ts";

const componentSchema = z.object({
  "bom-ref": idText.optional(),
  purl: idText.optional().catch(undefined),
  version: z.string().max(2048).optional().catch(undefined),
  hashes: z
    .array(z.object({ alg: z.string().max(64), content: z.string().max(256) }))
    .max(100)
    .nullish()
    .catch(undefined),
  components: z.array(z.unknown()).nullish().catch(undefined),
});

/** The parts of a document that name components. */
export interface BomHead {
  readonly serialNumber?: string | undefined;
  readonly metadata?: { readonly component?: unknown } | null | undefined;
  readonly components?: readonly unknown[] | null | undefined;
}

export interface Bom {
  /** What the document describes as a whole, when that can be compared. */
  readonly root: VexIdentity | undefined;
  readonly rootRef: string | undefined;
  readonly serial: string | undefined;
  readonly components: ReadonlyMap<string, VexIdentity>;
}

/** @param spend takes the number of components read, and throws when there are too many */
export function bomOf(head: BomHead, spend: (count: number) => void): Bom {
  const components = new Map<string, VexIdentity>();
  const waiting: unknown[] = [...(head.components ?? [])];
  const parsedRoot = componentSchema.safeParse(head.metadata?.component);
  const root = parsedRoot.success ? parsedRoot.data : undefined;
  waiting.push(...(root?.components ?? []));
  while (waiting.length > 0) {
    const { data } = componentSchema.safeParse(waiting.pop());
    if (data === undefined) continue;
    spend(1);
    // One by one: an array can be too long to be spread.
    for (const inner of data.components ?? []) waiting.push(inner);
    const ref = data["bom-ref"];
    if (ref !== undefined) components.set(ref, identity(ref, data));
  }
  const whole = root === undefined ? undefined : identity(root["bom-ref"] ?? root.purl ?? "", root);
  const comparable = whole !== undefined && whole.purls.length + whole.digests.length > 0;
  return {
    root: comparable ? whole : undefined,
    rootRef: root?.["bom-ref"],
    serial: head.serialNumber?.replace(/^urn:uuid:/, ""),
    components,
  };
}

function identity(ref: string, raw: z.infer<typeof componentSchema>): VexIdentity {
  const digests = (raw.hashes ?? []).flatMap(({ alg, content }) => digestOf(alg, content) ?? []);
  // Of an image, makers of SBOMs write the digest as its version.
  const own = raw.version !== undefined && /^sha256:[a-f0-9]{64}$/.test(raw.version) ? [raw.version] : [];
  return identityOf(ref, [raw.purl], [...own, ...digests]);
}

/** A component of what the document describes is meant as it is in there, not wherever else it may be. */
export function productFor(ref: string, { root, rootRef, serial, components }: Bom): VexProduct {
  const [, other, fragment] = /^urn:cdx:([^/#]{1,64})\/[^#]{1,32}#(.+)$/.exec(ref) ?? [];
  const local = fragment === undefined ? ref : decoded(fragment);
  const isOwn = other === undefined || other === serial;
  if (isOwn && root !== undefined && local === rootRef) return { ...root, components: [] };
  const component = isOwn ? components.get(local) : undefined;
  if (component === undefined) return { ...identityOf(local, [], []), components: [] };
  return root === undefined ? { ...component, components: [] } : { ...root, components: [component] };
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
