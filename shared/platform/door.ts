/**
 * A door is one Lambda function as data: what wakes it, what it may use, and the one use case it calls. The same
 * value is served by the embedded host (`local/`), bundled for Lambda, and read by the CDK app, which derives the
 * queue, the role and the schedule from it. Doors stand in `functions/<capability>/<door>.ts`, export `door`, and
 * are listed by `npm run generate`.
 */
import type * as z from "zod";
import type { Platform } from "./ports.ts";
import type { SettingsSection } from "./settings.ts";

/** What the door may touch; becomes its role on AWS. */
export interface Uses {
  readonly table?: "read" | "write";
  readonly blobs?: "read" | "write";
  readonly bus?: true;
  /** Queues it sends to (by door name). `"*"`: it administers them all. */
  readonly queues?: readonly string[] | "*";
  readonly secrets?: true;
  readonly mailer?: true;
  /** Registry credentials: ECR by role, ACR and Artifact Registry by federation, others from secrets. */
  readonly credentials?: true;
  readonly ecs?: true;
}

interface DoorBase {
  /** kebab-case, unique, the file's name. Names the function, its queue, its alarm and its runbook section. */
  readonly name: string;
  /** One sentence for people: function description, documentation, logs. */
  readonly description: string;
  readonly uses: Uses;
  /** The sections of the settings it reads; the rest stays empty on AWS. */
  readonly settings?: readonly SettingsSection[];
  /** Default 30. */
  readonly timeoutSeconds?: number;
  /** Default 512. 1,769 MB is one vCPU on Lambda. */
  readonly memoryMegabytes?: number;
  /** Temporary disk. Default 512; Lambda takes up to 10,240. */
  readonly temporaryMegabytes?: number;
}

/** An EventBridge event pattern: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html */
export type EventPattern = { readonly [field: string]: unknown };

export interface Delivery {
  readonly messageId: string;
  /** 1 on the first delivery. */
  readonly attempt: number;
}

/** Consumes its own queue, one message at a time; a throw puts that message back (partial batch failure). */
export interface QueueDoor<Message> extends DoorBase {
  readonly kind: "queue";
  /** Events that are routed into its queue; without it only `queues.send` fills the queue. */
  readonly subscribe?: { readonly bus: "portwarden" | "default"; readonly pattern: EventPattern };
  /** The message body: an EventBridge envelope, or what was sent. One that does not fit is quarantined, not retried. */
  readonly message: z.ZodType<Message>;
  /** Deliveries before the dead-letter queue. Default 5. */
  readonly maxReceives?: number;
  /** Messages handled at once, over all instances. Default 2 embedded, 10 on AWS. */
  readonly concurrency?: { readonly embedded?: number; readonly aws?: number };
  handle(platform: Platform, message: Message, delivery: Delivery): Promise<void>;
}

export interface Caller {
  /** Who asks: the JWT's subject on AWS, `local` embedded, `anonymous` where the route needs no token. */
  readonly principal: string;
  readonly sourceAddress: string;
}

export interface HttpDoor extends DoorBase {
  readonly kind: "http";
  /** `METHOD /path/{name}` as in API Gateway HTTP APIs; `ANY` and `{proxy+}` are allowed. */
  readonly routes: readonly string[];
  /** `token`: the platform checks a bearer token before the door sees the request. `none`: the door proves the sender. */
  readonly access: "token" | "none";
  handle(platform: Platform, request: Request, caller: Caller): Promise<Response>;
}

export interface ScheduleDoor extends DoorBase {
  readonly kind: "schedule";
  /** How often, in minutes; on AWS a rate schedule with a dead-letter queue. */
  readonly everyMinutes: number;
  handle(platform: Platform): Promise<void>;
}

/** Receives the outbox records committed to the table, at least once, in commit order per partition. */
export interface OutboxDoor extends DoorBase {
  readonly kind: "outbox";
  handle(platform: Platform, records: readonly unknown[]): Promise<void>;
}

/**
 * Works off a list that an event names: a Step Functions Distributed Map on AWS, its own queue on one machine. Items
 * fail each for itself; those that did can be done again (`queues redrive`, or the redrive of the execution).
 */
export interface MapDoor<Item> extends DoorBase {
  readonly kind: "map";
  /** The event, on the product's bus. Its `detail.items` is the key of a blob with a JSON array of items. (Declares
   * `blobs` and its own queue among its `uses`: from there an event is worked off too.) */
  readonly subscribe: { readonly pattern: EventPattern };
  readonly item: z.ZodType<Item>;
  /** Tries of one item. Default 5. */
  readonly maxReceives?: number;
  /** Items at work at once. Default 2 embedded, 10 on AWS. */
  readonly concurrency?: { readonly embedded?: number; readonly aws?: number };
  handle(platform: Platform, item: Item): Promise<void>;
}

export type Door = QueueDoor<unknown> | HttpDoor | ScheduleDoor | OutboxDoor | MapDoor<unknown>;

/** Declares a queue door; infers the message type from its schema. */
export function queueDoor<Message>(door: Omit<QueueDoor<Message>, "kind">): QueueDoor<unknown> {
  return {
    ...door,
    kind: "queue",
    handle: (platform, message, delivery) => door.handle(platform, door.message.parse(message), delivery),
  };
}

/** Declares a map door; infers the item's type from its schema. */
export function mapDoor<Item>(door: Omit<MapDoor<Item>, "kind">): MapDoor<unknown> {
  return { ...door, kind: "map", handle: (platform, item) => door.handle(platform, door.item.parse(item)) };
}

export function httpDoor(door: Omit<HttpDoor, "kind">): HttpDoor {
  return { ...door, kind: "http" };
}

export function scheduleDoor(door: Omit<ScheduleDoor, "kind">): ScheduleDoor {
  return { ...door, kind: "schedule" };
}

export function outboxDoor(door: Omit<OutboxDoor, "kind">): OutboxDoor {
  return { ...door, kind: "outbox" };
}
