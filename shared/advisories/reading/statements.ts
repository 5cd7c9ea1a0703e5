/**
 * What rpm distributions say package by package (this build fixes it, that one will not be fixed), brought together
 * into what the shards keep: one entry for each package of a release.
 */
import { shardName } from "../ecosystems.ts";
import type { Affected, AffectedPackage, AffectedState, RangeEvent } from "../types.ts";

export interface Statement {
  readonly ecosystem: string;
  readonly name: string;
  /** It names the source package. */
  readonly source?: true;
  readonly modules?: readonly string[];
  readonly products?: readonly string[];
  /** Absent: said of every architecture. */
  readonly arch?: string;
  readonly says:
    | { readonly fixed: string }
    /** `open`: affected, and nothing is said of a fix. */
    | { readonly state: AffectedState | "open"; readonly reason?: string };
}

/** Of several states of one package the worst counts: it is said of another of its products or architectures. */
const worstFirst: readonly (AffectedState | "open")[] = [
  "open",
  "will-not-fix",
  "deferred",
  "end-of-life",
  "under-investigation",
  "not-affected",
];

interface Group {
  readonly first: Statement;
  /** Fixed version -> architectures; an empty name stands for all of them. */
  readonly fixes: Map<string, Set<string>>;
  state: { readonly state: AffectedState | "open"; readonly reason?: string } | undefined;
}

/**
 * One entry for each package that the statements name, in the order of their names; more than one where architectures
 * got different builds. A fix counts more than a state: the state is of a build before it.
 */
export function affectedOf(statements: Iterable<Statement>): readonly AffectedPackage[] {
  const groups = new Map<string, Group>();
  for (const statement of statements) {
    const { ecosystem, name, source, modules = [], products = [] } = statement;
    const key = [shardName(ecosystem), name, source === true, modules.join(), products.join()].join("\t");
    let group = groups.get(key);
    if (group === undefined) {
      group = { first: statement, fixes: new Map(), state: undefined };
      groups.set(key, group);
    }
    take(group, statement);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) =>
      entriesOf(group).map((affected) => ({ ecosystem: group.first.ecosystem, name: group.first.name, affected })),
    );
}

function take(group: Group, { says, arch = "" }: Statement): void {
  if ("fixed" in says) {
    const arches = group.fixes.get(says.fixed);
    if (arches === undefined) group.fixes.set(says.fixed, new Set([arch]));
    else arches.add(arch);
    return;
  }
  const rank = (state: AffectedState | "open") => worstFirst.indexOf(state);
  if (group.state === undefined || rank(says.state) < rank(group.state.state)) group.state = says;
}

function entriesOf({ first, fixes, state }: Group): readonly Affected[] {
  const about = {
    ...(first.source === true && { source: true as const }),
    ...(first.modules !== undefined && { modules: first.modules }),
    ...(first.products !== undefined && { products: first.products }),
  };
  if (fixes.size === 0) {
    if (state === undefined) return [];
    return [
      {
        ranges: [[["introduced", "0"]]],
        ...(state.state !== "open" && { state: state.state }),
        ...(state.reason !== undefined && { reason: state.reason }),
        ...about,
      },
    ];
  }
  return byArches(fixes).map(({ versions, arches }) => ({
    ranges: versions.map(upTo),
    ...about,
    ...(arches !== undefined && { arches }),
  }));
}

function upTo(version: string): readonly RangeEvent[] {
  return [
    ["introduced", "0"],
    ["fixed", version],
  ];
}

/** Versions of the same architectures together; no architectures where there is but one such list. */
function byArches(
  fixes: Group["fixes"],
): readonly { readonly versions: readonly string[]; readonly arches?: readonly string[] }[] {
  const lists = new Map<string, string[]>();
  for (const [version, arches] of [...fixes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = [...arches].sort().join();
    const versions = lists.get(key);
    if (versions === undefined) lists.set(key, [version]);
    else versions.push(version);
  }
  const found = [...lists].map(([key, versions]) => ({ versions, arches: key.split(",") }));
  const named = found.flatMap(({ arches }) => arches);
  // Lists that overlap are builds of several products, which are not told apart by architecture.
  if (found.length < 2 || named.includes("") || new Set(named).size < named.length) {
    return [{ versions: [...fixes.keys()].sort() }];
  }
  return found;
}

/** Packages of debug symbols and sources: nothing in them runs. */
export function isDebugPackage(name: string): boolean {
  return /-debug(?:info|source)(?:-common(?:-.+)?)?$/.test(name);
}
