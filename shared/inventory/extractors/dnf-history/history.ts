/** The tables of dnf's history, in the one shape of both versions. */
import { limits } from "../../../platform/limits.ts";
import { readTable, type SqliteValue } from "../../sqlite/table.ts";

export interface History {
  /** What brought packages and did not fail, in order. */
  readonly transactions: readonly { readonly item: number; readonly repository: number }[];
  readonly packages: ReadonlyMap<
    number,
    { readonly name: unknown; readonly version: string; readonly architecture: unknown }
  >;
  readonly repositories: ReadonlyMap<number, SqliteValue>;
}

/** Version 4: numbers of the actions install, downgrade, obsolete, upgrade, reinstall; and of the state "error". */
const bringing: ReadonlySet<SqliteValue> = new Set([1, 2, 4, 6, 9]);
const failed = 2;
/** Version 5 names both in tables. */
const bringingNames: ReadonlySet<SqliteValue> = new Set(["Install", "Upgrade", "Downgrade", "Reinstall"]);
/** Of version 5: many histories stay at "Started" for what was done. */
const failedName = "Error";

/** Throws on damaged files, and on more rows than an image may have packages. */
export function readHistory(file: Buffer, wal: Buffer | undefined, version: 4 | 5): History {
  const table = (name: string) => rowsOf(file, wal, name);
  const names = (name: string) => new Map(table(name).map(({ id, values: [, value = null] }) => [id, value]));
  const isFive = version === 5;
  const packageNames = isFive ? names("pkg_name") : undefined;
  const architectures = isFive ? names("arch") : undefined;
  const actions = isFive ? names("trans_item_action") : undefined;
  const states = isFive ? names("trans_item_state") : undefined;
  const named = (known: ReadonlyMap<number, SqliteValue> | undefined, value: SqliteValue | undefined) =>
    known === undefined ? value : typeof value === "number" ? known.get(value) : undefined;

  const packages = new Map(
    table("rpm").flatMap(({ values: [item, name, epoch, plain, release, architecture] }) => {
      if (typeof item !== "number" || typeof epoch !== "number") return [];
      if (typeof plain !== "string" || typeof release !== "string") return [];
      const stated = `${epoch === 0 ? "" : `${epoch}:`}${plain}-${release}`;
      return [
        [item, { name: named(packageNames, name), version: stated, architecture: named(architectures, architecture) }],
      ];
    }),
  );
  const transactions = table("trans_item").flatMap(
    ({ values: [, , item, repository, action = null, , state = null] }) => {
      if (typeof item !== "number" || typeof repository !== "number") return [];
      const isBringing = actions ? bringingNames.has(named(actions, action) ?? null) : bringing.has(action);
      const isFailed = states ? named(states, state) === failedName : state === failed;
      return isBringing && !isFailed ? [{ item, repository }] : [];
    },
  );
  return { transactions, packages, repositories: names("repo") };
}

interface Row {
  readonly id: number;
  readonly values: readonly SqliteValue[];
}

function rowsOf(file: Buffer, wal: Buffer | undefined, name: string): readonly Row[] {
  const rows: Row[] = [];
  for (const item of readTable(file, wal, name)) {
    if (item.kind !== "row") continue;
    if (rows.push(item) > limits.databaseRows) throw new Error(`more than ${limits.databaseRows} rows in ${name}`);
  }
  return rows;
}
