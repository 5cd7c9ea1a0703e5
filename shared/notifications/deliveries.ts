/**
 * The deliveries: one record per (route, report) and per (route, digest bucket), which is also what makes a message
 * at most one message. State machine and its reasons: docs/decisions/delivery-at-most-once.md.
 *
 *   pending → sending → sent | failed | uncertain, and back to pending when certainly nothing was delivered
 *   collected: the report waits in, or went out with, a digest
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { outboxWrite } from "../events/outbox.ts";
import type { EventOf } from "../events/types.ts";
import { PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Clock, Item, Key, Table, Write } from "../platform/ports.ts";

export const deliveryStates = ["pending", "collected", "sending", "sent", "failed", "uncertain"] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export const deliverySchema = z.object({
  id: z.string().regex(/^[a-f0-9]{32}$/),
  route: z.string(),
  channel: z.string(),
  state: z.enum(deliveryStates),
  content: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("report"), reportId: z.string() }),
    z.object({ kind: z.literal("digest"), bucket: z.string() }),
  ]),
  /** What about, for people: the image, the cluster, the period. */
  subject: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  /** Times it was claimed for sending; names the claim. */
  attempts: z.int().min(0),
  /** Times a person asked to send it again. */
  resends: z.int().min(0),
  sentAt: z.iso.datetime().optional(),
  /** The receiver's name for the message. */
  receipt: z.string().optional(),
  /** The last failure, or why the outcome is unknown. */
  problem: z.object({ code: z.string(), message: z.string() }).optional(),
  /** The digest that a collected report goes out with. */
  digest: z.string().optional(),
});
export type Delivery = z.infer<typeof deliverySchema>;

/** A delivery as read: with the version that a change of it is conditional on. */
export interface StoredDelivery {
  readonly delivery: Delivery;
  readonly version: number;
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  /** Pass as `after` for the next page. A page may be short, even empty, and still have one. */
  readonly next?: string;
}

/** Records are kept so long; what would be routed must be younger (see `staleAfterDays`), or it could go out twice. */
export const deliveryRetentionDays = 90;
export const staleAfterDays = 30;

/** The identity of the message about one report for one route. */
export function reportDeliveryId(route: string, reportId: string): string {
  return hash("report", route, reportId);
}

/** The identity of the message of one digest. */
export function digestDeliveryId(route: string, bucket: string): string {
  return hash("digest", route, bucket);
}

function hash(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/** A delivery that nothing was done about yet. */
export function newDelivery(
  clock: Clock,
  about: Pick<Delivery, "id" | "route" | "channel" | "content" | "subject">,
): Omit<Delivery, "state"> {
  const now = new Date(clock.now()).toISOString();
  return { ...about, createdAt: now, updatedAt: now, attempts: 0, resends: 0 };
}

/** The event that makes `deliver-message` send it; commits with the state that asks for it. */
export function requestWrite(delivery: Delivery, clock: Clock): Write {
  const event: EventOf<"DeliveryRequested"> = {
    type: "DeliveryRequested",
    id: `delivery-${delivery.id}-${delivery.resends}`,
    time: new Date(clock.now()).toISOString(),
    data: { deliveryId: delivery.id, route: delivery.route },
  };
  return outboxWrite(event, clock.now());
}

export function deliveryKey(id: string): Key {
  return { pk: `delivery#${id}`, sk: "delivery" };
}

export async function readDelivery(table: Table, id: string): Promise<StoredDelivery | undefined> {
  const item = await table.get(deliveryKey(id));
  return item === undefined ? undefined : { delivery: deliverySchema.parse(item.data), version: item.version };
}

/** The writes that create a delivery, unless it exists, and list it. */
export function creationWrites(delivery: Delivery): readonly Write[] {
  const index = (pk: string): Write => ({ put: { pk, sk: listKey(delivery), data: {}, expiresAt: expiry(delivery) } });
  return [
    {
      put: {
        ...deliveryKey(delivery.id),
        data: delivery,
        expiresAt: expiry(delivery),
        condition: { ifAbsent: true },
      },
    },
    index(listPartition()),
    index(listPartition(delivery.state)),
  ];
}

/** The writes that replace a delivery as read by its next state. */
export function transitionWrites(from: StoredDelivery, to: Delivery): readonly Write[] {
  const put: Write = {
    put: {
      ...deliveryKey(to.id),
      data: to,
      expiresAt: expiry(to),
      condition: { ifVersion: from.version },
    },
  };
  if (from.delivery.state === to.state) return [put];
  return [
    put,
    { remove: { pk: listPartition(from.delivery.state), sk: listKey(to) } },
    { put: { pk: listPartition(to.state), sk: listKey(to), data: {}, expiresAt: expiry(to) } },
  ];
}

/** Replaces a delivery as read, together with `more`; undefined when somebody else changed it first. */
export async function transition(
  table: Table,
  from: StoredDelivery,
  change: Partial<Delivery> & Pick<Delivery, "updatedAt">,
  more: readonly Write[] = [],
): Promise<StoredDelivery | undefined> {
  const delivery = { ...from.delivery, ...change };
  const { written } = await table.transact([...transitionWrites(from, delivery), ...more]);
  return written ? { delivery, version: from.version + 1 } : undefined;
}

/**
 * Deliveries, newest first; of one state or of all. Throws `PermanentError("bad-limit")` for a limit outside 1 to
 * `limits.pageSize`.
 */
export async function listDeliveries(
  table: Table,
  query: { readonly state?: DeliveryState; readonly limit: number; readonly after?: string },
): Promise<DeliveryPage> {
  const { state, limit, after } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.pageSize) {
    throw new PermanentError("bad-limit", `a page has 1 to ${limits.pageSize} deliveries`);
  }
  const page = await table.query({
    pk: listPartition(state),
    direction: "backward",
    limit,
    ...(after === undefined ? {} : { after }),
  });
  const items = await table.batchGet(page.items.map((item) => deliveryKey(item.sk.slice(item.sk.indexOf("#") + 1))));
  const byKey = new Map(items.map((item) => [item.pk, item]));
  const deliveries = page.items
    .flatMap((entry) => readListed(byKey, entry))
    // The list and the record are read one after the other; the record is right.
    .filter((delivery) => state === undefined || delivery.state === state);
  return { deliveries, ...(page.next === undefined ? {} : { next: page.next }) };
}

function readListed(items: ReadonlyMap<string, Item>, entry: Item): readonly Delivery[] {
  const item = items.get(deliveryKey(entry.sk.slice(entry.sk.indexOf("#") + 1)).pk);
  return item === undefined ? [] : [deliverySchema.parse(item.data)];
}

function listPartition(state?: DeliveryState): string {
  return state === undefined ? "deliveries" : `deliveries#${state}`;
}

function listKey(delivery: Delivery): string {
  return `${delivery.createdAt}#${delivery.id}`;
}

function expiry(delivery: Delivery): number {
  return Math.floor(Date.parse(delivery.createdAt) / 1000) + deliveryRetentionDays * 86_400;
}
