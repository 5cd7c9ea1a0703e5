/** The products that the packages of an image are from, by the repositories that they were installed from. */
import * as z from "zod";
import type { Advisories } from "../advisories/set/store.ts";
import type { Inventory, Package } from "../inventory/types.ts";

const cpes = z.array(z.string());

/** The products (CPEs) of a package; empty: not known. */
export type ProductsOf = (item: Package) => readonly string[];

/**
 * By the repository that the package manager's history names for a package; where it names none, by the content sets
 * that the image was built from, whichever layer says them (a base layer says none), or else by its labels. Throws what
 * reading the table throws.
 */
export async function readProducts(
  { packages, contentSets = [], products = [] }: Inventory,
  advisories: Advisories,
  table: string,
): Promise<ProductsOf> {
  const sets = contentSets.flatMap(({ names }) => names);
  const ids = new Set([...sets, ...packages.flatMap(({ repository }) => repository ?? [])]);
  const rows = await advisories.rows(table, [...ids]);
  const of = (id: string) => cpes.safeParse(rows.get(id)).data ?? [];
  const told = sets.flatMap(of);
  const ofImage = told.length > 0 ? told : products.flatMap(({ cpe }) => cpe ?? []);
  return ({ repository }) => {
    const own = repository === undefined ? [] : of(repository);
    return own.length > 0 ? own : ofImage;
  };
}
