/** The layer chains of the images that were scanned: what tells a base image apart from what was built on it. */
import * as z from "zod";
import { chainIdsOf, type KnownChains } from "../inventory/base-image.ts";
import type { Table } from "../platform/ports.ts";

const chainSchema = z.object({ digest: z.string(), name: z.string().optional() });

const chainKey = (chainId: string) => ({ pk: `chain#${chainId}`, sk: "image" });

/** Remembers the whole chain of an image; the first image with it keeps it. */
export async function rememberChain(
  table: Table,
  diffIds: readonly string[],
  image: { readonly digest: string; readonly name?: string },
): Promise<void> {
  const chainId = chainIdsOf(diffIds).at(-1);
  if (chainId === undefined || chainId === "") return;
  await table.put({ ...chainKey(chainId), data: image, condition: { ifAbsent: true } });
}

/** The images that were remembered. */
export function knownChains(table: Table): KnownChains {
  return {
    async find(chainIds) {
      const items = await table.batchGet(chainIds.map(chainKey));
      return items.map((item) => {
        const { digest, name } = chainSchema.parse(item.data);
        return { chainId: item.pk.slice("chain#".length), digest, ...(name === undefined ? {} : { name }) };
      });
    },
  };
}
