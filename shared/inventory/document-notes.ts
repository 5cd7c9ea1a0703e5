/** What the inventory tells beyond the fields of SBOM formats: properties in CycloneDX, annotations in SPDX. */
import type { Distribution, Inventory, Location, Package, ProductLabels, Repository } from "./types.ts";

export interface Note {
  readonly name: string;
  readonly value: string;
}

/** Of the values that are there, under their names. */
export function notes(values: Readonly<Record<string, string | undefined>>): Note[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

/** Of the image: where its packages come from, and what was set aside. A name may come several times. */
export function imageNotes({ repositories, contentSets, products, remarks }: Inventory): readonly Note[] {
  const sets = (contentSets ?? []).flatMap(({ names, location }) =>
    names.map((name) => ({ name: "portwarden:content-set", value: `${name} ${placeText(location)}` })),
  );
  return [
    ...(repositories ?? []).map((one) => ({ name: "portwarden:repository", value: repositoryText(one) })),
    ...sets,
    ...(products ?? []).map((one) => ({ name: "portwarden:product", value: productText(one) })),
    ...(remarks ?? []).map(({ reason, path, layer, detail }) => ({
      name: `portwarden:remark:${reason}`,
      value: [path, layer, detail].filter(Boolean).join(" "),
    })),
  ];
}

export function distributionNotes({ family, codename, idLike, endOfLife }: Distribution): readonly Note[] {
  return notes({
    "portwarden:family": family,
    "portwarden:codename": codename,
    "portwarden:id-like": idLike.length > 0 ? idLike.join(" ") : undefined,
    "portwarden:end-of-life:standard": endOfLife?.standard,
    "portwarden:end-of-life:extended": endOfLife?.extended,
  });
}

export function packageNotes(one: Package): readonly Note[] {
  return notes({
    "portwarden:evidence": one.evidence,
    "portwarden:source": one.source && `${one.source.name}@${one.source.version}`,
    "portwarden:modularity": one.modularity,
    "portwarden:installer": one.installer,
    "portwarden:installed-from": one.repository,
    "portwarden:owned-by": one.ownedBy,
    "portwarden:described-by": one.describedBy?.join(" "),
    "portwarden:origin": one.origin,
    ...Object.fromEntries(Object.entries(one.build ?? {}).map(([key, value]) => [`portwarden:build:${key}`, value])),
  });
}

function repositoryText({ type, url, release, component, tag, location }: Repository): string {
  const stated = [release, component, tag === undefined ? undefined : `@${tag}`].filter(Boolean);
  return [type, url, ...stated, placeText(location)].join(" ");
}

function productText({ component, name, version, release, architecture, cpe, location }: ProductLabels): string {
  const stated = Object.entries({ component, name, version, release, architecture, cpe });
  const texts = stated.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return [...texts, location === undefined ? "(configuration)" : placeText(location)].join(" ");
}

function placeText({ path, layer }: Location): string {
  return `(${path} ${layer})`;
}
