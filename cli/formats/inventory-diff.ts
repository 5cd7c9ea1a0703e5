import { type Brought, type InventoryDiff, isSame, type OnePackage } from "../../shared/inventory/diff.ts";
import { clean, paint, table } from "../terminal.ts";

interface Row {
  readonly sign: "+" | "-" | "~";
  readonly type: string;
  readonly name: string;
  readonly versions: string;
  readonly brought: Brought | undefined;
}

/** The difference for people: one line for each package, and what brought it (of removed ones: had brought it). */
export function formatInventoryDiff(difference: InventoryDiff): string {
  const { from, to, added, removed, changed, sharedLayers } = difference;
  const rows: Row[] = [
    ...added.map((item) => rowOf("+", item)),
    ...removed.map((item) => rowOf("-", item)),
    ...changed.map(({ type, name, from: old, to: now, direction }) => ({
      sign: "~" as const,
      type,
      name,
      versions: `${old.version} -> ${now.version}${direction === "down" ? " (older)" : ""}`,
      brought: now.brought,
    })),
  ];
  const head = [imageLine("from", from), imageLine("to", to)];
  const sum = `${added.length} added, ${removed.length} removed, ${changed.length} changed; ${sharedLayers} layers shared`;
  const incomplete = [from, to].some(({ complete }) => !complete)
    ? [paint("yellow", "Not everything could be read: see the inventory of each image.")]
    : [];
  if (isSame(difference)) return [...head, "", "no package differs", ...incomplete].join("\n");
  return [...head, "", changesTable(rows), "", sum, ...incomplete].join("\n");
}

function rowOf(sign: "+" | "-", { type, name, version, brought }: OnePackage): Row {
  return { sign, type, name, versions: version, brought };
}

function imageLine(word: string, { digest, distribution, packages }: InventoryDiff["from"]): string {
  const system = distribution === undefined ? "" : `, ${distribution.id} ${distribution.versionId ?? ""}`.trimEnd();
  return clean(`${word.padEnd(4)} ${digest}${system}, ${packages} packages`);
}

const styles = { "+": "green", "-": "red", "~": "yellow" } as const;

function changesTable(rows: readonly Row[]): string {
  return table(rows, [
    { title: " ", value: ({ sign }) => sign, paint: ({ sign }, text) => paint(styles[sign], text) },
    { title: "TYPE", value: ({ type }) => type },
    { title: "PACKAGE", value: ({ name }) => name, width: 50 },
    { title: "VERSION", value: ({ versions }) => versions, width: 60 },
    { title: "LAYER", value: ({ brought }) => String(brought?.layer ?? "-") },
    { title: "STEP", value: ({ brought }) => brought?.createdBy ?? "-", width: 80 },
  ]);
}
