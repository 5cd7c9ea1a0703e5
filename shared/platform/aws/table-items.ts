/**
 * How items stand in DynamoDB. Attributes: `pk`, `sk`; `v` version; `t` the writer's time as given and `m` the same in
 * the form whose text order is time order; `ttl` Unix seconds (the table's expiry attribute); `w` a random mark of the
 * last write; `d` the data: a number as N (so that counters add), all else as JSON text in S. JSON text and not a map,
 * because a map cannot hold what the port promises: DynamoDB nests 32 deep, its numbers end at 1e126, and a list of
 * small numbers grows beyond 400 kB from 350 kB of JSON.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { PermanentError } from "../errors.ts";
import type { Item, Key } from "../ports.ts";
import { checkKey, itemText } from "../validation.ts";

export type Attributes = Record<string, AttributeValue>;

/** Magnitudes that are stored as N, with ease inside DynamoDB's 1e-130 to 9.9e125. */
const numberRange = { smallest: 1e-100, largest: 1e100 } as const;

/** The primary key. Throws `PermanentError("bad-key")`. */
export function keyAttributes(key: Key): Attributes {
  checkKey(key);
  return { pk: { S: key.pk }, sk: { S: key.sk } };
}

/** The data as an attribute. Throws `PermanentError("item-too-large" | "bad-data")`. */
export function dataAttribute(data: unknown): AttributeValue {
  if (typeof data === "number") {
    const size = Math.abs(data);
    if (size === 0 || (size >= numberRange.smallest && size <= numberRange.largest)) return { N: String(data) };
  }
  return { S: itemText(data) };
}

/** Throws `PermanentError("bad-item")` for what this product did not write. */
export function dataOf(attributes: Attributes): unknown {
  const value = attributes["d"];
  if (value?.N !== undefined) return Number(value.N);
  if (value?.S === undefined) throw new PermanentError("bad-item", "a stored item has no data");
  try {
    return JSON.parse(value.S);
  } catch (cause) {
    throw new PermanentError("bad-item", "the data of a stored item is not JSON", { cause });
  }
}

/** The item of the port. Throws `PermanentError("bad-item")` for what this product did not write. */
export function itemOf(attributes: Attributes): Item {
  const { pk, sk, v, t, ttl } = attributes;
  if (pk?.S === undefined || sk?.S === undefined) throw new PermanentError("bad-item", "a stored item has no key");
  return {
    pk: pk.S,
    sk: sk.S,
    data: dataOf(attributes),
    version: Number(v?.N ?? 0),
    ...(t?.S === undefined ? {} : { time: t.S }),
    ...(ttl?.N === undefined ? {} : { expiresAt: Number(ttl.N) }),
  };
}

/** DynamoDB removes expired items within days; until then the adapter hides them. */
export function isLive(attributes: Attributes, nowSeconds: number): boolean {
  const ttl = attributes["ttl"]?.N;
  return ttl === undefined || Number(ttl) > nowSeconds;
}
