/**
 * The ports: everything the product needs from the place it runs in, as small as the product needs it.
 * Behind each port stand two adapters, `embedded/` (one machine, Node only) and `aws/`; both pass the same
 * contract suite in `test/contract/`. Rooms import these types and never a cloud SDK.
 */
import type { EcsReader } from "../clouds/types.ts";
import type { DomainEvent } from "../events/types.ts";
import type { CredentialSource } from "../registry/types.ts";
import type { Settings } from "./settings.ts";

export interface Key {
  /** Partition: items that are read together. At most 1,024 bytes of UTF-8. */
  readonly pk: string;
  /** Sort key inside the partition, ordered by UTF-8 bytes. At most 1,024 bytes of UTF-8. */
  readonly sk: string;
}

/** One stored item. `data` is plain JSON (no `undefined` inside arrays, no dates); at most 350 kB serialised. */
export interface Item extends Key {
  readonly data: unknown;
  /** Counts the writes of this item, from 1. */
  readonly version: number;
  /** The source time the writer gave (ISO 8601 UTC), compared by `ifNewer`. */
  readonly time?: string;
  /** Unix seconds after which the item no longer exists for any reader. */
  readonly expiresAt?: number;
}

export type Condition =
  /** Only when no (unexpired) item is there. */
  | { readonly ifAbsent: true }
  /** Only when the stored item has this version. */
  | { readonly ifVersion: number }
  /** Only when nothing is there, or what is there carries an older `time` (strictly) than this ISO time. */
  | { readonly ifNewer: string };

export interface Put extends Key {
  readonly data: unknown;
  readonly time?: string;
  readonly expiresAt?: number;
  readonly condition?: Condition;
}

export interface Remove extends Key {
  readonly condition?: { readonly ifVersion: number };
}

/** One write of a transaction. `check` writes nothing: it only requires its condition to hold. */
export type Write =
  | { readonly put: Put }
  | { readonly remove: Remove }
  | { readonly check: Key & { readonly condition: Condition } };

/** The outcome of a conditional write: a value, because the caller decides what a lost race means. */
export type WriteResult = { readonly written: true; readonly version: number } | { readonly written: false };

export interface Query {
  readonly pk: string;
  /** Only sort keys that begin with this. Default: all. */
  readonly prefix?: string;
  /** Default: forward. */
  readonly direction?: "forward" | "backward";
  /** At most this many items. Default 1,000. */
  readonly limit?: number;
  /** Continue after this sort key (exclusive), in the query's direction. */
  readonly after?: string;
}

export interface Page {
  readonly items: readonly Item[];
  /** Pass as `after` for the next page; absent when there is none. */
  readonly next?: string;
}

/** The most writes that one transaction takes (DynamoDB's own limit). */
export const transactionLimit = 100;

/**
 * The state store: DynamoDB's model, reduced. Reads are strongly consistent. Throttling and outages surface as
 * `TransientError`; an item or transaction over the limits as `PermanentError`.
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  /** The items that exist, in no particular order; any number of keys. */
  batchGet(keys: readonly Key[]): Promise<readonly Item[]>;
  query(query: Query): Promise<Page>;
  put(put: Put): Promise<WriteResult>;
  remove(remove: Remove): Promise<void>;
  /** Adds to a counter item (`data` is the number) and returns the new value. */
  add(key: Key, amount: number, expiresAt?: number): Promise<number>;
  /** All or nothing; `written: false` when any condition failed. At most `transactionLimit` writes, distinct keys. */
  transact(writes: readonly Write[]): Promise<{ readonly written: boolean }>;
}

export interface ByteRange {
  readonly offset: number;
  /** At least 1. */
  readonly length: number;
}

/** Immutable documents too large for the table. Keys are `/`-separated, `[A-Za-z0-9._:@+/-]`, at most 512 bytes. */
export interface Blobs {
  put(key: string, body: Uint8Array, contentType?: string): Promise<void>;
  /** With `range`, only those bytes of the body (fewer where it ends; none beyond its end). */
  get(key: string, range?: ByteRange): Promise<Uint8Array | undefined>;
  has(key: string): Promise<boolean>;
  remove(key: string): Promise<void>;
  /** All keys with this prefix, in key order. */
  list(prefix: string): AsyncIterable<string>;
}

/** Publishes domain events. Resolves once all are durable; a partial failure throws `TransientError`. */
export interface Bus {
  publish(events: readonly DomainEvent[]): Promise<void>;
}

export interface QueueStatus {
  readonly name: string;
  readonly waiting: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly deadLetters: number;
}

/** The queues in front of the doors, named as the door is. Bodies are JSON, at most 256 kB. */
export interface Queues {
  send(queue: string, bodies: readonly unknown[], delaySeconds?: number): Promise<void>;
  status(): Promise<readonly QueueStatus[]>;
  /** Moves the dead letters of a queue back into it; returns how many (on AWS: how many the move task will take). */
  redrive(queue: string): Promise<number>;
}

/** Named secrets (never in settings, environment or logs). A missing one throws `PermanentError("secret-missing")`. */
export interface Secrets {
  get(name: string): Promise<string>;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Structured log: a short constant sentence, the variable parts as fields. Never a secret, never a whole event. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Metrics {
  /** Adds to a counter. Names are kebab-case; at most two low-cardinality dimensions. */
  count(name: string, value?: number, dimensions?: Readonly<Record<string, string>>): void;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Stable per message: the receiving side may drop a repeat. Without angle brackets. */
  readonly messageId: string;
}

/** Sends one email: SES on AWS, SMTP locally. Rejected addresses are permanent errors, the rest is transient. */
export interface Mailer {
  send(mail: Mail): Promise<void>;
}

/** Progress of long work (bytes of a scan), for people; on AWS it goes nowhere. */
export interface Progress {
  report(task: string, done: number, total: number | undefined): void;
}

/** All ports together. A door receives those it declares in `uses`; reaching for another one throws. */
export interface Platform {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly bus: Bus;
  readonly queues: Queues;
  readonly secrets: Secrets;
  readonly mailer: Mailer;
  readonly credentials: CredentialSource;
  readonly ecs: EcsReader;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly progress: Progress;
  readonly settings: Settings;
}
