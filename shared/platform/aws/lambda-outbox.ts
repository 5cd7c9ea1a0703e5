/** Outbox doors: the table's stream, of which only the outbox partitions matter. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { outboxPrefix } from "../../events/outbox.ts";
import type { OutboxDoor } from "../door.ts";
import { messageOf, PermanentError, TransientError } from "../errors.ts";
import { quarantine } from "./quarantine.ts";
import type { Runtime } from "./runtime.ts";
import { dataOf } from "./table-items.ts";

interface OutboxRecord {
  readonly sequence: string;
  /** The stored data, as text: what the quarantine shows. */
  readonly body: string;
  readonly data: unknown;
}

/**
 * All records at once; when that fails, one by one in their order. A transient failure ends the batch: the stream
 * gives it again from that record on. A record that fails for good on its own is set aside, because a stream has no
 * dead-letter queue per record: retried for ever it would hold up its shard, and given up it would take the
 * innocent rest of its batch with it.
 */
export async function handleOutbox(
  door: OutboxDoor,
  runtime: Runtime,
  event: DynamoDBStreamEvent,
): Promise<DynamoDBBatchResponse> {
  const records = event.Records.filter(isOutbox);
  const readable: OutboxRecord[] = [];
  for (const record of records) {
    const read = readRecord(record);
    if (read.data !== undefined) readable.push(read);
    else await setAside(door, runtime, read, "record-unfit", "the record's data is not JSON");
  }
  if (readable.length === 0) return { batchItemFailures: [] };
  try {
    await handAll(door, runtime, readable);
    return { batchItemFailures: [] };
  } catch (thrown) {
    runtime.log.warn("outbox records are tried one by one", { records: readable.length, error: messageOf(thrown) });
    return await handleEach(door, runtime, readable);
  }
}

const handAll = (door: OutboxDoor, runtime: Runtime, records: readonly OutboxRecord[]) =>
  door.handle(
    runtime.platform,
    records.map((record) => record.data),
  );

async function handleEach(
  door: OutboxDoor,
  runtime: Runtime,
  records: readonly OutboxRecord[],
): Promise<DynamoDBBatchResponse> {
  for (const record of records) {
    try {
      await handAll(door, runtime, [record]);
    } catch (thrown) {
      if (thrown instanceof TransientError) {
        runtime.log.warn("the stream is given back", { code: thrown.code, error: messageOf(thrown) });
        return { batchItemFailures: [{ itemIdentifier: record.sequence }] };
      }
      const code = thrown instanceof PermanentError ? thrown.code : "defect";
      await setAside(door, runtime, record, code, messageOf(thrown));
    }
  }
  return { batchItemFailures: [] };
}

function isOutbox({ eventName, dynamodb }: DynamoDBRecord): boolean {
  return eventName !== "REMOVE" && dynamodb?.NewImage?.["pk"]?.S?.startsWith(outboxPrefix) === true;
}

function readRecord({ dynamodb }: DynamoDBRecord): OutboxRecord {
  const image = (dynamodb?.NewImage ?? {}) as Record<string, AttributeValue>;
  const sequence = dynamodb?.SequenceNumber ?? "";
  const body = image["d"]?.S ?? "";
  try {
    return { sequence, body, data: dataOf(image) };
  } catch {
    return { sequence, body, data: undefined };
  }
}

function setAside(door: OutboxDoor, runtime: Runtime, record: OutboxRecord, code: string, reason: string) {
  const message = { door: door.name, messageId: record.sequence, code, reason, body: record.body, attempt: 1 };
  return quarantine(runtime.own, message);
}
