/**
 * Write-ahead logs that stand in another layer than the database they belong to: SQLite reads both as one, page by
 * page, whichever layer brought them (https://www.sqlite.org/fileformat2.html#walformat). Here the pages are known
 * from the layers' records alone.
 */
import type { Facts, PackageFacts, TablePages, TableRow } from "./extractor.ts";
import type { TreeFile } from "./file-tree.ts";
import { type MergedImage, packageKey } from "./merge.ts";
import type { Partial } from "./types.ts";

/**
 * The image with each log applied: its database without the packages that the log removed, the log with those that it
 * brought and nothing else. A log that cannot be applied, or has no database, tells nothing but that.
 */
export function withLogsApplied(image: MergedImage): MergedImage {
  if (!image.files.some(([, file]) => logOf(file) !== undefined)) return image;
  const files = new Map(image.files);
  for (const [path, log] of image.files) {
    const stated = logOf(log);
    if (stated === undefined) continue;
    const databasePath = image.canonical(stated, "follow") ?? stated;
    const database = files.get(databasePath);
    if (database?.layer === log.layer) {
      // The layer was read with both at hand.
      files.set(path, telling(log, []));
      continue;
    }
    const applied = database === undefined ? withoutDatabase : apply(database, log);
    files.set(path, telling(log, applied.packages, applied.partial));
    if (database !== undefined && applied.standing !== undefined) {
      files.set(databasePath, standingOnly(database, applied.standing));
    }
  }
  return { ...image, files: [...files] };
}

function logOf({ record }: TreeFile): string | undefined {
  return record.facts.find(({ tablePages }) => tablePages?.logOf !== undefined)?.tablePages?.logOf;
}

interface Applied {
  /** What the log brought. */
  readonly packages: readonly PackageFacts[];
  readonly partial: readonly Partial[];
  /** Which of the database's packages are left; all where undefined. */
  readonly standing?: ReadonlySet<PackageFacts>;
}

const withoutDatabase: Applied = {
  packages: [],
  partial: [
    {
      reason: "rpm-log-without-database",
      detail: "a write-ahead log without its database in the image: its packages do not count",
    },
  ],
};

function apply(database: TreeFile, log: TreeFile): Applied {
  const below = tableOf(database);
  const above = tableOf(log);
  if (above?.pages.leaves.length === 0 && above.pages.interior.length === 0) {
    const isTold = log.record.facts.some(({ partial }) => (partial?.length ?? 0) > 0);
    // Without a commit that concerns packages SQLite reads the database alone.
    return { packages: [], partial: isTold ? [notApplied("it is damaged")] : [] };
  }
  try {
    if (below === undefined || above === undefined) throw new Error("the database could not be read to its end");
    return combine(below, above);
  } catch (thrown) {
    return { packages: [], partial: [notApplied(thrown instanceof Error ? thrown.message : "unknown")] };
  }
}

function notApplied(why: string): Partial {
  return {
    reason: "rpm-log-not-applied",
    detail: `a write-ahead log changes the database of a lower layer, newer packages may be missing: ${why}`,
  };
}

interface Table {
  readonly pages: TablePages;
  readonly packages: readonly PackageFacts[];
}

function tableOf({ record }: TreeFile): Table | undefined {
  const facts = record.facts.find(({ tablePages }) => tablePages !== undefined);
  return facts?.tablePages && { pages: facts.tablePages, packages: facts.packages ?? [] };
}

/** Walks the b-tree from its root over the newest version of each page. */
function combine(below: Table, above: Table): Applied {
  if (below.pages.pageSize !== above.pages.pageSize) throw new Error("its pages have another size");
  const former = new Map(below.pages.leaves.flatMap(([, rows]) => rows));
  const interior = new Map([...below.pages.interior, ...above.pages.interior]);
  const newer = new Map(above.pages.leaves);
  const older = new Map(below.pages.leaves);
  const changedKind = new Set(above.pages.interior.map(([page]) => page));
  const standing = new Set<PackageFacts>();
  const brought: PackageFacts[] = [];
  const taken = new Set<number>();
  let missing = 0;

  function keep([id]: TableRow): void {
    const place = former.get(id);
    const one = typeof place === "number" ? below.packages[place] : undefined;
    if (one !== undefined) standing.add(one);
    else missing++;
  }
  function bring(row: TableRow): void {
    const [id, place] = row;
    const one = typeof place === "number" ? above.packages[place] : undefined;
    if (place === "kept") keep(row);
    else if (one === undefined) missing++;
    else {
      // Short rows come again with every change of their page.
      const known = former.get(id);
      const before = typeof known === "number" ? below.packages[known] : undefined;
      if (before !== undefined && packageKey(before) === packageKey(one)) standing.add(before);
      else brought.push(one);
    }
  }
  const pending = [above.pages.root ?? below.pages.root ?? 0];
  for (let page = pending.pop(); page !== undefined; page = pending.pop()) {
    if (taken.has(page)) throw new Error(`page ${page} is used twice`);
    taken.add(page);
    const rows = newer.get(page);
    const children = rows === undefined ? interior.get(page) : undefined;
    const unchanged = changedKind.has(page) ? undefined : older.get(page);
    if (rows !== undefined) rows.forEach(bring);
    else if (children !== undefined) pending.push(...children);
    else if (unchanged !== undefined) unchanged.forEach(keep);
    else throw new Error(`page ${page} is in neither`);
  }
  const detail = `${missing} packages of the log or under it could not be read`;
  return { packages: brought, standing, partial: missing > 0 ? [{ reason: "broken-record", detail }] : [] };
}

/** The log with these packages instead of all that its pages named. */
function telling(log: TreeFile, packages: readonly PackageFacts[], partial: readonly Partial[] = []): TreeFile {
  const facts = log.record.facts.map((one): Facts => {
    if (one.tablePages === undefined) return one;
    const { tablePages: _applied, ...rest } = one;
    return { ...rest, packages, partial };
  });
  return { ...log, record: { ...log.record, facts } };
}

function standingOnly(database: TreeFile, standing: ReadonlySet<PackageFacts>): TreeFile {
  const facts = database.record.facts.map((one) =>
    one.tablePages === undefined || one.packages === undefined
      ? one
      : { ...one, packages: one.packages.filter((each) => standing.has(each)) },
  );
  return { ...database, record: { ...database.record, facts } };
}
