/** The writes of the table port as DynamoDB expressions. `now` is in Unix seconds everywhere. */
import type { Condition, Key, Put, Remove } from "../ports.ts";
import { sortableTime } from "../validation.ts";
import { type Attributes, dataAttribute, keyAttributes } from "./table-items.ts";

/** What UpdateItem, DeleteItem, ConditionCheck and their transactional twins have in common. */
export interface Expression {
  readonly Key: Attributes;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Attributes;
}

export interface Update extends Expression {
  readonly UpdateExpression: string;
}

/** An expired item counts as absent although DynamoDB still holds it. */
const absent = "(attribute_not_exists(pk) OR #ttl <= :now)";
const unexpired = "(attribute_not_exists(#ttl) OR #ttl > :now)";

interface Requirement {
  readonly text: string;
  readonly values: Attributes;
}

function requirementOf(condition: Condition, now: number): Requirement {
  const values: Attributes = { ":now": { N: String(now) } };
  if ("ifAbsent" in condition) return { text: absent, values };
  if ("ifVersion" in condition) {
    return { text: `v = :version AND ${unexpired}`, values: { ...values, ":version": numeric(condition.ifVersion) } };
  }
  return { text: `${absent} OR m < :newer`, values: { ...values, ":newer": { S: sortableTime(condition.ifNewer) } } };
}

const numeric = (value: number) => ({ N: String(Math.floor(value)) });

/** The parts of an expression; DynamoDB refuses names and values that the texts do not use. */
function expressionOf(key: Key, requirement: Requirement | undefined, updateText = "", updateValues: Attributes = {}) {
  const text = `${updateText} ${requirement?.text ?? ""}`;
  const values = { ...updateValues, ...requirement?.values };
  return {
    Key: keyAttributes(key),
    ...(requirement === undefined ? {} : { ConditionExpression: requirement.text }),
    ...(text.includes("#ttl") ? { ExpressionAttributeNames: { "#ttl": "ttl" } } : {}),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  };
}

/**
 * A put as an update, because only an update counts the version without reading it first. `mark` is a random value of
 * this one write: when an attempt's answer was lost and the SDK's retry meets a refused condition, the item that
 * stands there is known to be our own.
 */
export function putExpression(put: Put, now: number, mark: string): Update {
  const set = ["d = :d", "w = :w", "v = if_not_exists(v, :zero) + :one"];
  const remove: string[] = [];
  const values: Attributes = {
    ":d": dataAttribute(put.data),
    ":w": { S: mark },
    ":zero": { N: "0" },
    ":one": { N: "1" },
  };
  if (put.time === undefined) remove.push("t", "m");
  else {
    set.push("t = :t", "m = :m");
    values[":t"] = { S: put.time };
    values[":m"] = { S: sortableTime(put.time) };
  }
  if (put.expiresAt === undefined) remove.push("#ttl");
  else {
    set.push("#ttl = :ttl");
    values[":ttl"] = numeric(put.expiresAt);
  }
  const update = `SET ${set.join(", ")}${remove.length === 0 ? "" : ` REMOVE ${remove.join(", ")}`}`;
  const requirement = put.condition === undefined ? undefined : requirementOf(put.condition, now);
  return { ...expressionOf(put, requirement, update, values), UpdateExpression: update };
}

/**
 * An addition to a counter. Either to one that lives or is absent (`over` false) or in place of an expired one; never
 * when the last write bears this very mark, so that a repeated attempt does not count twice.
 */
export function addExpression(
  key: Key,
  amount: number,
  options: { readonly expiresAt?: number | undefined; readonly over: boolean },
  now: number,
  mark: string,
): Update {
  const { expiresAt, over } = options;
  const set = ["w = :w", ...(over ? ["d = :d", "v = :one"] : []), ...(expiresAt === undefined ? [] : ["#ttl = :ttl"])];
  const rest = over ? `REMOVE t, m${expiresAt === undefined ? ", #ttl" : ""}` : "ADD d :d, v :one";
  const update = `SET ${set.join(", ")} ${rest}`;
  const unmarked = "(attribute_not_exists(w) OR w <> :w)";
  const requirement = {
    text: `${unmarked} AND ${over ? "#ttl <= :now" : unexpired}`,
    values: { ":now": { N: String(now) } },
  };
  const values: Attributes = {
    ":w": { S: mark },
    ":d": { N: String(amount) },
    ":one": { N: "1" },
    ...(expiresAt === undefined ? {} : { ":ttl": numeric(expiresAt) }),
  };
  return { ...expressionOf(key, requirement, update, values), UpdateExpression: update };
}

export function removeExpression(remove: Remove, now: number): Expression {
  return expressionOf(remove, remove.condition === undefined ? undefined : requirementOf(remove.condition, now));
}

/** A requirement without a write, in a transaction. */
export function checkExpression(
  check: Key & { readonly condition: Condition },
  now: number,
): Expression & { readonly ConditionExpression: string } {
  const requirement = requirementOf(check.condition, now);
  return { ...expressionOf(check, requirement), ConditionExpression: requirement.text };
}
