import { secretRule } from "../../shared/inventory/secrets/rules.ts";
import type { Inventory, Secret } from "../../shared/inventory/types.ts";
import { clean, paint, table } from "../terminal.ts";

/** The inventory for people: packages, then secrets, then what was not read. */
export function formatInventory(inventory: Inventory): string {
  const { distribution, platform, layers, packages, secrets = [] } = inventory;
  const head = [
    `${platform.os}/${platform.architecture}`,
    distribution === undefined ? "no distribution" : `${distribution.id} ${distribution.versionId ?? ""}`.trim(),
    `${layers.length} layers`,
    `${packages.length} packages`,
    ...(secrets.length === 0 ? [] : [`${secrets.length} secrets`]),
  ].join(", ");
  const parts = [clean(head), inventory.digest, ...baseLine(inventory), "", packageTable(inventory)];
  if (secrets.length > 0) parts.push("", paint("yellow", "secrets"), secretTable(inventory, secrets));
  const partial = inventory.partial.map(({ reason, detail, path }) =>
    paint("yellow", clean(`partial: ${reason}: ${detail} ${path ?? ""}`)),
  );
  return [...parts, ...partial].join("\n");
}

function baseLine({ baseImage, layers }: Inventory): readonly string[] {
  if (baseImage === undefined) return [];
  const called = baseImage.name ?? baseImage.digest ?? "unnamed";
  const extent = baseImage.layers === undefined ? "" : `, ${baseImage.layers} of ${layers.length} layers`;
  return [clean(`base image ${called}${extent} (by ${baseImage.evidence.join(", ")})`)];
}

function layerNumbers({ layers }: Inventory): ReadonlyMap<string, number> {
  return new Map(layers.map(({ diffId }, index) => [diffId, index + 1]));
}

function packageTable(inventory: Inventory): string {
  const layers = layerNumbers(inventory);
  const origins = inventory.packages.some(({ origin }) => origin !== undefined);
  return table(inventory.packages, [
    { title: "TYPE", value: ({ type }) => type },
    { title: "PACKAGE", value: ({ name }) => name, width: 50 },
    { title: "VERSION", value: ({ version }) => version, width: 40 },
    { title: "LAYER", value: ({ locations }) => String(layers.get(locations[0]?.layer ?? "") ?? "-") },
    ...(origins ? [{ title: "FROM", value: ({ origin }: { readonly origin?: string }) => origin ?? "-" }] : []),
    { title: "PATH", value: ({ locations }) => locations[0]?.path ?? "-", width: 80 },
  ]);
}

function secretTable(inventory: Inventory, secrets: readonly Secret[]): string {
  const layers = layerNumbers(inventory);
  return table(secrets, [
    { title: "RULE", value: ({ rule }) => rule },
    { title: "WHAT", value: ({ rule }) => secretRule(rule)?.title ?? rule, width: 50 },
    { title: "WHERE", value: ({ place }) => placeText(place, layers), width: 120 },
  ]);
}

function placeText(place: Secret["place"], layers: ReadonlyMap<string, number>): string {
  switch (place.kind) {
    case "file": {
      const layer = layers.get(place.layer) ?? "-";
      const removed = place.removed ? `, removed in a later layer but still in layer ${layer}` : `, layer ${layer}`;
      return `${place.path}:${place.line}${removed}`;
    }
    case "environment":
      return `environment variable ${place.name}`;
    case "label":
      return `label ${place.name}`;
    case "history":
      return `step ${place.step + 1} of the history`;
  }
}
