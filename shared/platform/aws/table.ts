/**
 * The table port on DynamoDB: one table, key `pk` + `sk`, expiry attribute `ttl`, stream with new images. Rights:
 * GetItem, BatchGetItem, Query, ConditionCheckItem to read; UpdateItem, DeleteItem besides to write.
 */
import { randomUUID } from "node:crypto";
import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { PermanentError, TransientError } from "../errors.ts";
import type { Clock, Item, Key, Page, Put, Query, Remove, Table, Write, WriteResult } from "../ports.ts";
import { checkTransaction } from "../validation.ts";
import { clientDefaults } from "./client.ts";
import { failureOf, nameOf } from "./errors.ts";
import type { Provider } from "./providers.ts";
import { backoff, rounds } from "./retry.ts";
import { type Attributes, isLive, itemOf, keyAttributes } from "./table-items.ts";
import { addExpression, checkExpression, putExpression, removeExpression } from "./table-writes.ts";

/** BatchGetItem's limit, and how many such requests are under way at once. */
const keysPerRequest = 100;
const requestsAtOnce = 4;
const defaultLimit = 1000;

export interface DynamoTableOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly clock: Clock;
}

export const provide: Provider<"table"> = ({ environment, clock }) =>
  dynamoTable({ client: new DynamoDBClient(clientDefaults), table: environment.require("table"), clock });

export function dynamoTable(options: DynamoTableOptions): Table {
  return {
    get: (key) => get(options, key),
    batchGet: (keys) => batchGet(options, keys),
    query: (query) => queryPage(options, query),
    put: (put) => putItem(options, put),
    remove: (remove) => removeItem(options, remove),
    add: (key, amount, expiresAt) => addTo(options, key, amount, expiresAt),
    transact: (writes) => transact(options, writes),
  };
}

const seconds = (clock: Clock) => Math.floor(clock.now() / 1000);

async function get({ client, table, clock }: DynamoTableOptions, key: Key): Promise<Item | undefined> {
  const input = { TableName: table, Key: keyAttributes(key), ConsistentRead: true };
  try {
    const { Item: found } = await client.send(new GetItemCommand(input));
    return found !== undefined && isLive(found, seconds(clock)) ? itemOf(found) : undefined;
  } catch (thrown) {
    throw failureOf(thrown, "reading an item");
  }
}

async function batchGet(options: DynamoTableOptions, keys: readonly Key[]): Promise<readonly Item[]> {
  const distinct = [...new Map(keys.map((key) => [JSON.stringify([key.pk, key.sk]), keyAttributes(key)])).values()];
  const chunks: Attributes[][] = [];
  for (let at = 0; at < distinct.length; at += keysPerRequest) chunks.push(distinct.slice(at, at + keysPerRequest));
  const found: Item[] = [];
  for (let at = 0; at < chunks.length; at += requestsAtOnce) {
    const parts = await Promise.all(chunks.slice(at, at + requestsAtOnce).map((chunk) => getChunk(options, chunk)));
    found.push(...parts.flat());
  }
  return found;
}

/** DynamoDB gives back what it had no throughput for, and what went beyond 16 MB, as unprocessed keys. */
async function getChunk(
  { client, table, clock }: DynamoTableOptions,
  keys: readonly Attributes[],
): Promise<readonly Item[]> {
  const found: Attributes[] = [];
  let left = keys;
  for (let round = 0; round < rounds; round++) {
    await backoff(round);
    const request = { Keys: [...left], ConsistentRead: true };
    try {
      const answer = await client.send(new BatchGetItemCommand({ RequestItems: { [table]: request } }));
      found.push(...(answer.Responses?.[table] ?? []));
      const unprocessed = answer.UnprocessedKeys?.[table]?.Keys ?? [];
      if (unprocessed.length === 0) return found.filter((item) => isLive(item, seconds(clock))).map(itemOf);
      if (unprocessed.length < left.length) round = 0;
      left = unprocessed;
    } catch (thrown) {
      throw failureOf(thrown, "reading items");
    }
  }
  throw new TransientError("throttled", `reading items: ${left.length} keys stayed unprocessed`);
}

/**
 * One page. Expired items are filtered by DynamoDB, which counts its `Limit` before it filters, so pages of the
 * service are read until ours is full; one item more than asked for tells whether there is a next page.
 */
async function queryPage(options: DynamoTableOptions, query: Query): Promise<Page> {
  const limit = query.limit ?? defaultLimit;
  const start = startOf(query);
  if (start === "past the end") return { items: [] };
  const found: Item[] = [];
  let from: Attributes | undefined = start;
  do {
    const answer = await queryOnce(options, query, limit + 1 - found.length, from);
    for (const item of answer.items) found.push(item);
    from = answer.last;
  } while (from !== undefined && found.length <= limit);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last !== undefined ? { items, next: last.sk } : { items };
}

async function queryOnce(
  { client, table, clock }: DynamoTableOptions,
  { pk, prefix = "", direction = "forward" }: Query,
  limit: number,
  from: Attributes | undefined,
): Promise<{ items: Item[]; last: Attributes | undefined }> {
  const command = new QueryCommand({
    TableName: table,
    ConsistentRead: true,
    KeyConditionExpression: prefix === "" ? "pk = :pk" : "pk = :pk AND begins_with(sk, :prefix)",
    FilterExpression: "attribute_not_exists(#ttl) OR #ttl > :now",
    ExpressionAttributeNames: { "#ttl": "ttl" },
    ExpressionAttributeValues: {
      ":pk": { S: pk },
      ":now": { N: String(seconds(clock)) },
      ...(prefix === "" ? {} : { ":prefix": { S: prefix } }),
    },
    ScanIndexForward: direction === "forward",
    Limit: limit,
    ...(from === undefined ? {} : { ExclusiveStartKey: from }),
  });
  try {
    const answer = await client.send(command);
    return { items: (answer.Items ?? []).map(itemOf), last: answer.LastEvaluatedKey };
  } catch (thrown) {
    throw failureOf(thrown, "querying items");
  }
}

/** DynamoDB takes any start key inside the range of the query, and refuses one outside of it. */
function startOf({ pk, prefix = "", direction = "forward", after }: Query): Attributes | undefined | "past the end" {
  if (after === undefined) return undefined;
  if (after.startsWith(prefix)) return { pk: { S: pk }, sk: { S: after } };
  const before = Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0;
  return before === (direction === "forward") ? undefined : "past the end";
}

async function putItem({ client, table, clock }: DynamoTableOptions, put: Put): Promise<WriteResult> {
  const mark = randomUUID();
  try {
    const answer = await client.send(
      new UpdateItemCommand({
        TableName: table,
        ...putExpression(put, seconds(clock), mark),
        ReturnValues: "UPDATED_NEW",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return { written: true, version: Number(answer.Attributes?.["v"]?.N) };
  } catch (thrown) {
    const there = refusedBy(thrown);
    if (there === undefined) throw failureOf(thrown, "writing an item");
    // The first attempt was written and its answer lost: what refuses the second one is our own item.
    return there["w"]?.S === mark ? { written: true, version: Number(there["v"]?.N) } : { written: false };
  }
}

/** The item whose state refused a condition (`{}` for none); `undefined` for any other failure. */
function refusedBy(thrown: unknown): Attributes | undefined {
  if (nameOf(thrown) !== "ConditionalCheckFailedException") return undefined;
  return (thrown as { readonly Item?: Attributes }).Item ?? {};
}

async function removeItem({ client, table, clock }: DynamoTableOptions, remove: Remove): Promise<void> {
  try {
    await client.send(new DeleteItemCommand({ TableName: table, ...removeExpression(remove, seconds(clock)) }));
  } catch (thrown) {
    if (refusedBy(thrown) === undefined) throw failureOf(thrown, "removing an item");
  }
}

async function addTo(
  { client, table, clock }: DynamoTableOptions,
  key: Key,
  amount: number,
  expiresAt: number | undefined,
): Promise<number> {
  const mark = randomUUID();
  let over = false;
  for (let round = 0; round < rounds; round++) {
    try {
      const answer = await client.send(
        new UpdateItemCommand({
          TableName: table,
          ...addExpression(key, amount, { expiresAt, over }, seconds(clock), mark),
          ReturnValues: "UPDATED_NEW",
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        }),
      );
      return Number(answer.Attributes?.["d"]?.N);
    } catch (thrown) {
      const there = refusedBy(thrown);
      if (there === undefined) throw failureOf(thrown, "adding to a counter");
      if (there["w"]?.S === mark) return Number(there["d"]?.N);
      over = there["pk"] !== undefined && !isLive(there, seconds(clock));
    }
  }
  throw new TransientError("conflict", "adding to a counter: it kept expiring meanwhile");
}

async function transact(options: DynamoTableOptions, writes: readonly Write[]): Promise<{ readonly written: boolean }> {
  checkTransaction(writes);
  if (writes.length === 0) return { written: true };
  const { client, table, clock } = options;
  const mark = randomUUID();
  const items = writes.map((write) => transactItem(write, table, seconds(clock), mark));
  // One token for all attempts: one whose answer was lost is not written twice, nor refused by its own writes.
  const input = { TransactItems: items, ClientRequestToken: mark };
  for (let round = 0; round < rounds; round++) {
    await backoff(round);
    try {
      await client.send(new TransactWriteItemsCommand(input));
      return { written: true };
    } catch (thrown) {
      if (cancelledBy(thrown) === "condition") return { written: false };
    }
  }
  throw new TransientError("conflict", `a transaction of ${writes.length} writes met others in all ${rounds} attempts`);
}

function transactItem(write: Write, table: string, now: number, mark: string): TransactWriteItem {
  if ("put" in write) return { Update: { TableName: table, ...putExpression(write.put, now, mark) } };
  if ("remove" in write) return { Delete: { TableName: table, ...removeExpression(write.remove, now) } };
  return { ConditionCheck: { TableName: table, ...checkExpression(write.check, now) } };
}

const passingReasons: ReadonlySet<string> = new Set([
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
]);

/** Why DynamoDB cancelled: a condition, or rivals that will be gone. Throws for every other failure. */
function cancelledBy(thrown: unknown): "condition" | "rivals" {
  const name = nameOf(thrown);
  if (name === "TransactionInProgressException" || name === "TransactionConflictException") return "rivals";
  if (name !== "TransactionCanceledException") throw failureOf(thrown, "writing a transaction");
  const { CancellationReasons: reasons = [] } = thrown as {
    readonly CancellationReasons?: readonly { readonly Code?: string; readonly Message?: string }[];
  };
  const met = reasons.filter((reason) => reason.Code !== undefined && reason.Code !== "None");
  if (met.some((reason) => reason.Code === "ConditionalCheckFailed")) return "condition";
  if (met.length > 0 && met.every((reason) => passingReasons.has(reason.Code ?? ""))) return "rivals";
  const text = met.map((reason) => `${reason.Code}: ${reason.Message ?? ""}`).join("; ");
  throw new PermanentError("request-refused", `writing a transaction: ${text}`, { cause: thrown });
}
