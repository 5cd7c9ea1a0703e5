/** The product tree of a CSAF 2.0 document (sections 3.1.2 and 3.2.2): from product ids to what they can be compared by. */
import * as z from "zod";
import { digestOf, identityOf, idText, malformed } from "./fields.ts";
import type { VexIdentity, VexProduct } from "./types.ts";

const productSchema = z.object({
  product_id: idText,
  product_identification_helper: z
    .object({
      purl: idText.optional().catch(undefined),
      purls: z.array(idText).max(1000).optional().catch(undefined),
      cpe: idText.optional().catch(undefined),
      hashes: z
        .array(
          z.object({ file_hashes: z.array(z.object({ algorithm: z.string().max(64), value: z.string().max(256) })) }),
        )
        .max(100)
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
});
const branchSchema = z.object({
  product: productSchema.optional().catch(undefined),
  branches: z.array(z.unknown()).optional().catch(undefined),
});
const relationshipSchema = z.object({
  full_product_name: productSchema,
  product_reference: idText,
  relates_to_product_reference: idText,
});

export const productTreeSchema = z.object({
  branches: z.array(z.unknown()).optional(),
  full_product_names: z.array(z.unknown()).optional(),
  relationships: z.array(z.unknown()).optional(),
  product_groups: z.array(z.unknown()).optional(),
});
const groupSchema = z.object({ group_id: idText, product_ids: z.array(idText) });

interface Node {
  readonly identity: VexIdentity;
  readonly cpe?: string;
  /** A part of something else: the ids of both. */
  readonly part?: { readonly of: string; readonly what: string };
}

export interface CsafProducts {
  /** `undefined`: the tree has no such product. */
  product(id: string): VexProduct | undefined;
  group(id: string): readonly string[];
}

/** Parts of parts: a package in a module in a product is the deepest seen. */
const deepestPart = 5;

/** @param spend takes the number of products read, and throws when there are too many */
export function csafProducts(
  tree: z.infer<typeof productTreeSchema> | undefined,
  name: string,
  spend: (count: number) => void,
): CsafProducts {
  const nodes = new Map<string, Node>();
  const add = (raw: z.infer<typeof productSchema>, part?: Node["part"]) => {
    spend(1);
    nodes.set(raw.product_id, nodeOf(raw, part));
  };
  const waiting: unknown[] = [...(tree?.branches ?? [])];
  while (waiting.length > 0) {
    const { data } = branchSchema.safeParse(waiting.pop());
    if (data?.product !== undefined) add(data.product);
    for (const branch of data?.branches ?? []) waiting.push(branch);
  }
  for (const raw of tree?.full_product_names ?? []) {
    const { data } = productSchema.safeParse(raw);
    if (data !== undefined) add(data);
  }
  for (const raw of tree?.relationships ?? []) {
    const { data } = relationshipSchema.safeParse(raw);
    if (data === undefined) throw malformed(name, "a relationship in its product tree is not one");
    add(data.full_product_name, { of: data.relates_to_product_reference, what: data.product_reference });
  }
  const groups = new Map<string, readonly string[]>();
  for (const raw of tree?.product_groups ?? []) {
    const { data } = groupSchema.safeParse(raw);
    if (data !== undefined) groups.set(data.group_id, data.product_ids);
  }
  return { product: (id) => productOf(nodes, id, 0), group: (id) => groups.get(id) ?? [] };
}

function nodeOf(
  { product_id, product_identification_helper: helper }: z.infer<typeof productSchema>,
  part?: Node["part"],
): Node {
  const digests = (helper?.hashes ?? []).flatMap(({ file_hashes }) =>
    file_hashes.flatMap(({ algorithm, value }) => digestOf(algorithm, value) ?? []),
  );
  return {
    identity: identityOf(product_id, [helper?.purl, ...(helper?.purls ?? [])], digests),
    ...(helper?.cpe !== undefined && { cpe: helper.cpe }),
    ...(part !== undefined && { part }),
  };
}

function productOf(nodes: ReadonlyMap<string, Node>, id: string, depth: number): VexProduct | undefined {
  const node = nodes.get(id);
  if (node === undefined) return undefined;
  const { identity, part } = node;
  const cpe = node.cpe === undefined ? {} : { cpe: node.cpe };
  // A relationship that has a purl of its own is known by that, and a part of nothing known is what it is itself.
  if (part === undefined || identity.purls.length > 0 || depth > deepestPart)
    return { ...identity, ...cpe, components: [] };
  const whole = productOf(nodes, part.of, depth + 1);
  const what = productOf(nodes, part.what, depth + 1);
  if (whole === undefined || what === undefined) return { ...identity, ...cpe, components: [] };
  const component = what.components[0] ?? what;
  return {
    id: identity.id,
    purls: whole.purls,
    digests: whole.digests,
    ...(whole.cpe !== undefined && { cpe: whole.cpe }),
    components: [{ id: component.id, purls: component.purls, digests: component.digests }],
  };
}
