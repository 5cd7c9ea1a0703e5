/**
 * Where messages end that will never be handled: unreadable, not of the door's form, or refused for good. They are
 * acknowledged, so this record is what makes them visible. (What fails for the time being ends in the dead-letter
 * queue instead. Embedded, both stand in the list of dead letters.)
 *
 * Record: `pk` = `quarantine#<door>`, `sk` = the message's id (a repeated delivery leaves one record), `data` = a
 * `QuarantineRecord`, `time` = when, expiry after 30 days.
 */
import type { Platform } from "../ports.ts";

export const quarantinePrefix = "quarantine#";
const keptSeconds = 30 * 86_400;
const reasonCharacters = 2_000;
const excerptCharacters = 16_000;

export interface QuarantineRecord {
  readonly door: string;
  readonly messageId: string;
  /** The code of the permanent error, or `not-json`, `message-unfit`, `record-unfit`, `defect`. */
  readonly code: string;
  /** The same for people; bounded. */
  readonly reason: string;
  /** The message's body from its beginning; bounded. */
  readonly body: string;
  /** Of the whole body, in UTF-8. */
  readonly bodyBytes: number;
  /** Deliveries, this one included. */
  readonly attempt: number;
}

/** Writes the record, a log line and the counter `messages-quarantined`. Throws as the table does. */
export async function quarantine(
  platform: Pick<Platform, "table" | "clock" | "log" | "metrics">,
  message: Pick<QuarantineRecord, "door" | "messageId" | "code" | "reason" | "body" | "attempt">,
): Promise<void> {
  const now = platform.clock.now();
  const record: QuarantineRecord = {
    ...message,
    reason: message.reason.slice(0, reasonCharacters),
    body: message.body.slice(0, excerptCharacters),
    bodyBytes: Buffer.byteLength(message.body),
  };
  await platform.table.put({
    pk: quarantinePrefix + message.door,
    sk: message.messageId,
    data: record,
    time: new Date(now).toISOString(),
    expiresAt: Math.floor(now / 1000) + keptSeconds,
  });
  const { messageId, code, attempt } = message;
  platform.log.error("a message was quarantined", { messageId, code, reason: record.reason.slice(0, 500), attempt });
  platform.metrics.count("messages-quarantined");
}
