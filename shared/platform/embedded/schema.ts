/**
 * The schema, one entry per version, applied in order to what `PRAGMA user_version` says is there. Never change an
 * entry that was released; add one.
 *
 * `item.ordered_time` is `time` in its sortable form. `item.id` gives commit order to the outbox: there is one writer
 * at a time, so ids grow as transactions commit.
 * `message.visible_at` is when a message may be received, in Unix milliseconds; `owner` is 1 while a process of this
 * store has it in hand; `failures` counts handlers that threw, `interruptions` processes that ended with it in hand.
 */
export const schemaVersions: readonly string[] = [
  `
  CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pk TEXT NOT NULL,
    sk TEXT NOT NULL,
    data TEXT NOT NULL,
    version INTEGER NOT NULL,
    time TEXT,
    ordered_time TEXT,
    expires_at REAL
  ) STRICT;
  CREATE UNIQUE INDEX item_key ON item (pk, sk);
  CREATE INDEX item_expiry ON item (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX item_outbox ON item (id) WHERE pk >= 'outbox#' AND pk < 'outbox$';

  CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    owner INTEGER NOT NULL DEFAULT 0,
    receives INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    interruptions INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX message_due ON message (queue, visible_at, owner);

  CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    died_at INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX dead_letter_queue ON dead_letter (queue, id);
  `,
];
