/** Queue doors: one SQS event carries several messages, and each fails for itself. */
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import * as z from "zod";
import type { QueueDoor } from "../door.ts";
import { messageOf, PermanentError, TransientError } from "../errors.ts";
import { quarantine } from "./quarantine.ts";
import type { Runtime } from "./runtime.ts";

/** The time that must be left to begin a further message of a batch, as a part of the function's whole time. */
const startable = 0.25;
const defaultTimeoutSeconds = 30;

export async function handleQueue(
  door: QueueDoor<unknown>,
  runtime: Runtime,
  event: SQSEvent,
  context: Context,
): Promise<SQSBatchResponse> {
  const reserve = (door.timeoutSeconds ?? defaultTimeoutSeconds) * 1000 * startable;
  let started = 0;
  const handle = async (record: SQSRecord) => {
    // Messages not begun come back alone; running out of time would bring back those already handled as well.
    if (started++ > 0 && context.getRemainingTimeInMillis() < reserve) {
      runtime.log.warn("a message is put back unopened: no time is left", { messageId: record.messageId });
      throw new Error("no time left in this batch");
    }
    await handleRecord(door, runtime, record);
  };
  return await processPartialResponse(event, handle, new BatchProcessor(EventType.SQS), {
    processInParallel: false,
    throwOnFullBatchFailure: false,
  });
}

/** Resolves when the message may be deleted; throws to have it delivered again. */
async function handleRecord(door: QueueDoor<unknown>, runtime: Runtime, record: SQSRecord): Promise<void> {
  const { messageId, body } = record;
  const attempt = Number(record.attributes.ApproximateReceiveCount);
  const setAside = (code: string, reason: string) =>
    quarantine(runtime.own, { door: door.name, messageId, code, reason, body, attempt });

  const message = parseJson(body);
  if (message === undefined) return await setAside("not-json", "the message's body is not JSON");
  const parsed = door.message.safeParse(message.value);
  if (!parsed.success) return await setAside("message-unfit", z.prettifyError(parsed.error));
  try {
    // The door parses the body itself: its schema may transform what it takes.
    await door.handle(runtime.platform, message.value, { messageId, attempt });
  } catch (thrown) {
    if (thrown instanceof PermanentError) return await setAside(thrown.code, thrown.message);
    await putBack(runtime, record, attempt, thrown);
    throw thrown;
  }
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

async function putBack(runtime: Runtime, record: SQSRecord, attempt: number, thrown: unknown): Promise<void> {
  const fields = { messageId: record.messageId, attempt, error: messageOf(thrown).slice(0, 2000) };
  if (!(thrown instanceof TransientError)) {
    const stack = thrown instanceof Error ? thrown.stack?.slice(0, 4000) : undefined;
    runtime.log.error("a message failed by a defect", { ...fields, ...(stack === undefined ? {} : { stack }) });
  } else {
    runtime.log.warn("a message is put back", { ...fields, code: thrown.code });
  }
  const wish = thrown instanceof TransientError ? thrown.retryAfterSeconds : undefined;
  await runtime.postpone(record.eventSourceARN, record.receiptHandle, wish ?? delayAfter(attempt));
}

/**
 * Seconds before the next attempt: 30, 120, 480, then 900. Left alone, a message would come back after the queue's
 * visibility timeout, which is six times the function's own: an hour and a half for a scan that met one 503.
 */
function delayAfter(attempt: number): number {
  return Math.min(900, 30 * 4 ** (Math.max(1, attempt) - 1));
}
