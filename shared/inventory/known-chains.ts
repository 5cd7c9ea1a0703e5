/** Images seen before, by the chain of their layers, in the table: one item for each chain. */
import * as z from "zod";
import type { Table } from "../platform/ports.ts";
import { chainIdsOf, type KnownChain, type KnownChains } from "./base-image.ts";

const stored = z.object({ digest: z.string(), name: z.string().optional() });

export interface StoredChains extends KnownChains {
  /**
   * Notes an image by its layers (diffIDs, the lowest first; an image without layers is nothing to note). The first
   * image of a chain stays: another one with the same layers differs in its configuration only. A name is added to one
   * that was noted without.
   */
  remember(image: {
    readonly digest: string;
    readonly diffIds: readonly string[];
    readonly name?: string;
  }): Promise<void>;
}

/** The items are content-addressed and small, and never expire: they hold no more than names. */
export function knownChainsIn(table: Pick<Table, "batchGet" | "put">): StoredChains {
  async function find(chainIds: readonly string[]): Promise<readonly (KnownChain & { readonly version: number })[]> {
    const items = await table.batchGet([...new Set(chainIds)].map(keyOf));
    return items.flatMap(({ pk, data, version }) => {
      const parsed = stored.safeParse(data);
      if (!parsed.success) return [];
      const { digest, name } = parsed.data;
      return [{ chainId: pk.slice(keyPrefix.length), digest, ...(name !== undefined && { name }), version }];
    });
  }
  return {
    find,
    async remember({ digest, diffIds, name }) {
      const chainId = chainIdsOf(diffIds).at(-1);
      if (chainId === undefined) return;
      const data = { digest, ...(name !== undefined && { name }) };
      const { written } = await table.put({ ...keyOf(chainId), data, condition: { ifAbsent: true } });
      if (written || name === undefined) return;
      const [known] = await find([chainId]);
      if (known === undefined || known.name !== undefined || known.digest !== digest) return;
      // Somebody else who was faster has named it as well as this would.
      await table.put({ ...keyOf(chainId), data, condition: { ifVersion: known.version } });
    },
  };
}

const keyPrefix = "chain#";

function keyOf(chainId: string): { readonly pk: string; readonly sk: string } {
  return { pk: `${keyPrefix}${chainId}`, sk: "image" };
}
