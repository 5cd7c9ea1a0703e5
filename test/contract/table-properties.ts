import fc from "fast-check";
import { expect, test } from "vitest";
import type { Condition, Item, Key, Table, Write } from "../../shared/platform/ports.ts";
import type { TableContext } from "./table.ts";
import { type ModelTable, modelTable } from "./table-model.ts";

type Step =
  | { readonly kind: "put"; readonly sk: string; readonly at: number; readonly expiry: Expiry; readonly guard: Guard }
  | { readonly kind: "remove"; readonly sk: string; readonly guard: boolean }
  | { readonly kind: "add"; readonly sk: string; readonly amount: number }
  | { readonly kind: "transact"; readonly writes: readonly TransactStep[] }
  | { readonly kind: "query"; readonly prefix: string; readonly backward: boolean; readonly limit: number };
type TransactStep = {
  readonly sk: string;
  readonly role: "put" | "remove" | "check";
  readonly at: number;
  readonly guard: Guard;
};
type Expiry = "none" | "past" | "future";
type Guard = "none" | "absent" | "version" | "stale-version" | "newer";

const sortKey = fc.constantFrom("a", "a#1", "a#2", "b", "～", "😀");
const counterKey = fc.constantFrom("n1", "n2");
const at = fc.integer({ min: 0, max: 3 });
const guard = fc.constantFrom<Guard>("none", "absent", "version", "stale-version", "newer");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("put" as const),
    sk: sortKey,
    at,
    expiry: fc.constantFrom<Expiry>("none", "none", "past", "future"),
    guard,
  }),
  fc.record({ kind: fc.constant("remove" as const), sk: sortKey, guard: fc.boolean() }),
  fc.record({ kind: fc.constant("add" as const), sk: counterKey, amount: fc.integer({ min: -5, max: 5 }) }),
  fc.record({
    kind: fc.constant("transact" as const),
    writes: fc.uniqueArray(
      fc.record({ sk: sortKey, role: fc.constantFrom("put" as const, "remove" as const, "check" as const), at, guard }),
      { minLength: 1, maxLength: 5, selector: (write) => write.sk },
    ),
  }),
  fc.record({
    kind: fc.constant("query" as const),
    prefix: fc.constantFrom("", "a", "a#", "😀", "n"),
    backward: fc.boolean(),
    limit: fc.integer({ min: 1, max: 4 }),
  }),
);

/** Random operation sequences have the same outcomes, and leave the same items, as on a trivial model. */
export function tableProperties({ table, partition }: TableContext, runs: number) {
  test(`behaves as the model does (${runs} sequences)`, { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        const model = modelTable();
        const pk = partition();
        for (const one of steps) {
          await perform(one, pk, table(), model);
          await adoptVersions(table(), model);
        }
        const everything = (await table().query({ pk })).items;
        expect(everything).toEqual(model.items(pk));
      }),
      { numRuns: runs },
    );
  });
}

async function perform(one: Step, pk: string, table: Table, model: ModelTable): Promise<void> {
  switch (one.kind) {
    case "put": {
      const put = { ...putOf(one, pk, model), ...expiryOf(one.expiry) };
      const expected = model.put(put);
      const result = await table.put(put);
      expect(result.written).toBe(expected.written);
      if (expected.written && expected.version !== undefined) expect(result).toEqual(expected);
      return;
    }
    case "remove": {
      const key = { pk, sk: one.sk };
      const remove = one.guard ? { ...key, condition: { ifVersion: model.version(key) ?? 1 } } : key;
      model.remove(remove);
      await table.remove(remove);
      return;
    }
    case "add": {
      const key = { pk, sk: one.sk };
      expect(await table.add(key, one.amount)).toBe(model.add(key, one.amount));
      return;
    }
    case "transact": {
      const writes = one.writes.flatMap((write) => writeOf(write, pk, model));
      expect((await table.transact(writes)).written).toBe(model.transact(writes));
      return;
    }
    case "query":
      return await compareQuery(one, pk, table, model);
  }
}

async function compareQuery(one: Step & { kind: "query" }, pk: string, table: Table, model: ModelTable): Promise<void> {
  const all = model.items(pk).filter((item) => item.sk.startsWith(one.prefix));
  const expected = one.backward ? all.toReversed() : all;
  const seen: Item[] = [];
  const selection = {
    pk,
    prefix: one.prefix,
    limit: one.limit,
    direction: one.backward ? "backward" : "forward",
  } as const;
  for (let page = await table.query(selection); ; page = await table.query({ ...selection, after: page.next })) {
    seen.push(...page.items);
    if (page.next === undefined) break;
  }
  expect(seen).toEqual(expected);
}

function putOf(one: { sk: string; at: number; guard: Guard }, pk: string, model: ModelTable) {
  const key = { pk, sk: one.sk };
  const time = timeOf(one.at);
  const condition = conditionOf(one.guard, key, time, model);
  return { ...key, data: { at: one.at }, time, ...(condition === undefined ? {} : { condition }) };
}

function writeOf(one: TransactStep, pk: string, model: ModelTable): Write[] {
  const key = { pk, sk: one.sk };
  if (one.role === "put") return [{ put: putOf(one, pk, model) }];
  const condition = conditionOf(one.guard, key, timeOf(one.at), model);
  if (one.role === "check") return condition === undefined ? [] : [{ check: { ...key, condition } }];
  return [{ remove: condition !== undefined && "ifVersion" in condition ? { ...key, condition } : key }];
}

function conditionOf(guard: Guard, key: Key, time: string, model: ModelTable): Condition | undefined {
  switch (guard) {
    case "none":
      return undefined;
    case "absent":
      return { ifAbsent: true };
    case "version":
      return { ifVersion: model.version(key) ?? 1 };
    case "stale-version":
      return { ifVersion: (model.version(key) ?? 1) + 1 };
    case "newer":
      return { ifNewer: time };
  }
}

/** Different precisions on purpose: `0Z` and `0.000Z` are one instant. */
function timeOf(at: number): string {
  return (
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"][at] ?? ""
  );
}

function expiryOf(expiry: Expiry): { expiresAt?: number } {
  const now = Math.floor(Date.now() / 1000);
  return expiry === "none" ? {} : { expiresAt: expiry === "past" ? now - 60 : now + 3600 };
}

/** What replaced an expired item may have any version: the model takes it from the first read. */
async function adoptVersions(table: Table, model: ModelTable): Promise<void> {
  for (const key of model.unversioned()) {
    const item = await table.get(key);
    expect(item?.version).toBeGreaterThanOrEqual(1);
    if (item !== undefined) model.adopt(key, item.version);
  }
}
