/**
 * Doors as Lambda functions. Failures follow `shared/platform/errors.ts`: a permanent one is quarantined and
 * acknowledged, every other one goes back to where the event came from.
 */
import middy, { type MiddlewareObj } from "@middy/core";
import type { Context, DynamoDBStreamEvent, SQSEvent } from "aws-lambda";
import * as z from "zod";
import type { Door, MapDoor, ScheduleDoor } from "../door.ts";
import { messageOf, PermanentError } from "../errors.ts";
import { queueOfMap } from "../map.ts";
import { type HttpEvent, handleHttp } from "./lambda-http.ts";
import { handleOutbox } from "./lambda-outbox.ts";
import { handleQueue } from "./lambda-queue.ts";
import type { Providers } from "./providers.ts";
import { quarantine } from "./quarantine.ts";
import { makeRuntime, type Runtime } from "./runtime.ts";

export type LambdaHandler = (event: unknown, context: Context) => Promise<unknown>;

/** Left of the function's time when it is given up, for the log line that says so and the counters. */
const farewellMilliseconds = 250;

/**
 * The Lambda handler of a door. `providers` are the adapters that its bundle carries, `variables` the environment,
 * which is read at the first invocation: importing a bundle needs nothing.
 */
export function lambdaHandler(
  door: Door,
  providers: Providers,
  variables: Readonly<Record<string, string | undefined>>,
): LambdaHandler {
  let made: Runtime | undefined;
  const runtime = () => {
    made ??= makeRuntime(door, providers, variables);
    return made;
  };
  const handler = (event: unknown, context: Context) => handle(door, runtime(), event, context);
  return middy<unknown, unknown>(handler, { timeoutEarlyInMillis: farewellMilliseconds }).use(observed(runtime));
}

/** The event's form is the event source's contract, which the stack sets up together with the door's kind. */
function handle(door: Door, runtime: Runtime, event: unknown, context: Context): Promise<unknown> {
  switch (door.kind) {
    case "queue":
      return handleQueue(door, runtime, event as SQSEvent, context);
    case "http":
      return handleHttp(door, runtime, event as HttpEvent);
    case "outbox":
      return handleOutbox(door, runtime, event as DynamoDBStreamEvent);
    case "schedule":
      return handleSchedule(door, runtime, context);
    case "map":
      return isQueueEvent(event)
        ? handleQueue(queueOfMap(door), runtime, event, context)
        : handleItem(door, runtime, event, context);
  }
}

/** A throw has Lambda try twice more and then hand the event to the function's dead-letter queue. */
async function handleSchedule(door: ScheduleDoor, runtime: Runtime, context: Context): Promise<void> {
  try {
    await door.handle(runtime.platform);
  } catch (thrown) {
    if (!(thrown instanceof PermanentError)) throw thrown;
    const { code, message: reason } = thrown;
    const messageId = context.awsRequestId;
    await quarantine(runtime.own, { door: door.name, messageId, code, reason, body: "", attempt: 1 });
  }
}

function isQueueEvent(event: unknown): event is SQSEvent {
  return typeof event === "object" && event !== null && "Records" in event && Array.isArray(event.Records);
}

/** Straight from the state machine, which tries again and then hands the item to the dead-letter queue. */
async function handleItem(door: MapDoor<unknown>, runtime: Runtime, item: unknown, context: Context): Promise<void> {
  const messageId = context.awsRequestId;
  const setAside = (code: string, reason: string) =>
    quarantine(runtime.own, { door: door.name, messageId, code, reason, body: JSON.stringify(item), attempt: 1 });
  const parsed = door.item.safeParse(item);
  if (!parsed.success) return await setAside("message-unfit", z.prettifyError(parsed.error));
  try {
    await door.handle(runtime.platform, item);
  } catch (thrown) {
    if (!(thrown instanceof PermanentError)) throw thrown;
    await setAside(thrown.code, thrown.message);
  }
}

/** Log lines with the request's id, and the counters written whatever happens. */
function observed(runtime: () => Runtime): MiddlewareObj<unknown, unknown> {
  return {
    before({ context }) {
      runtime().log.begin(context);
    },
    after() {
      runtime().metrics.flush();
    },
    onError({ error }) {
      const { log, metrics } = runtime();
      const stack = error?.stack?.slice(0, 4000);
      log.error("the invocation failed", { error: messageOf(error), ...(stack === undefined ? {} : { stack }) });
      metrics.flush();
    },
  };
}
