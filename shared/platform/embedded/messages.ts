/** Queues as rows: what a queue does, each in one transaction. Who calls, and when, is the consumer's business. */
import { randomUUID } from "node:crypto";
import type { Clock, QueueStatus } from "../ports.ts";
import type { Database } from "./database.ts";

export interface Received {
  readonly id: number;
  readonly messageId: string;
  readonly body: string;
  /** 1 on the first delivery. */
  readonly attempt: number;
  readonly failures: number;
}

export interface DeadLetter {
  readonly queue: string;
  readonly messageId: string;
  readonly body: unknown;
  /** Deliveries before it died. */
  readonly attempts: number;
  /** Of the last error: a `PermanentError`'s or `TransientError`'s code, `defect`, `timeout` or `interrupted`. */
  readonly code: string;
  readonly reason: string;
  /** ISO 8601 UTC. */
  readonly sentAt: string;
  readonly diedAt: string;
}

export interface Limits {
  readonly maxReceives: number;
  readonly maxInterruptions: number;
}

export interface Messages {
  enqueue(queue: string, bodies: readonly string[], delaySeconds: number): void;
  /** Takes up to `count` due messages in hand for so long. Those over their limits are buried instead. */
  receive(queue: string, count: number, visibilitySeconds: number, limits: Limits): readonly Received[];
  /** The message was handled. */
  remove(received: Received): void;
  /** The message failed, and is due again after a while. A message received again meanwhile is left alone. */
  postpone(received: Received, delaySeconds: number): void;
  /** Gives a message back at once, as if this delivery had not been. */
  handBack(received: Received): void;
  /** Moves the message to the dead letters. */
  bury(received: Received, code: string, reason: string): void;
  /** Puts a body straight among the dead letters of a queue. */
  buryBody(queue: string, body: string, code: string, reason: string): void;
  /** When the next message is due, in Unix milliseconds; undefined when there is none. */
  nextDue(queue: string): number | undefined;
  /** Gives back all that is in hand: the process that held it is gone. Returns how many. */
  release(): number;
  status(queues: Iterable<string>): readonly QueueStatus[];
  redrive(queue: string): number;
  deadLetters(queue: string, limit: number): readonly DeadLetter[];
}

export function embeddedMessages(database: Database, clock: Clock): Messages {
  const { statement, transaction } = database;

  function die(where: string, parameters: readonly (string | number)[], code: string, reason: string): void {
    transaction(() => {
      statement(
        `INSERT INTO dead_letter (queue, message_id, body, sent_at, died_at, receives, code, reason)
         SELECT queue, message_id, body, sent_at, ?, receives, ?, ? FROM message WHERE ${where}`,
      ).run(clock.now(), code, reason, ...parameters);
      statement(`DELETE FROM message WHERE ${where}`).run(...parameters);
    });
  }

  function receive(queue: string, count: number, visibilitySeconds: number, limits: Limits): Received[] {
    return transaction(() => {
      const now = clock.now();
      const taken: Received[] = [];
      const due = statement(
        "SELECT id, owner, failures, interruptions FROM message WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT ?",
      ).all(queue, now, count);
      for (const row of due) {
        const id = Number(row["id"]);
        // Still in hand although its time is up: the handler hangs, or takes longer than it may.
        const failures = Number(row["failures"]) + Number(row["owner"]);
        if (failures >= limits.maxReceives) die("id = ?", [id], "timeout", "not handled within the visibility timeout");
        else if (Number(row["interruptions"]) >= limits.maxInterruptions) {
          die("id = ?", [id], "interrupted", "the process ended each time while it handled this message");
        } else taken.push(take(id, failures, now + visibilitySeconds * 1000));
      }
      return taken;
    });
  }

  function take(id: number, failures: number, until: number): Received {
    const row = statement(
      `UPDATE message SET owner = 1, receives = receives + 1, failures = ?, visible_at = ? WHERE id = ?
       RETURNING message_id, body, receives`,
    ).get(failures, until, id);
    return {
      id,
      failures,
      messageId: String(row?.["message_id"]),
      body: String(row?.["body"]),
      attempt: Number(row?.["receives"]),
    };
  }

  return {
    enqueue(queue, bodies, delaySeconds) {
      transaction(() => {
        const now = clock.now();
        const insert = statement(
          "INSERT INTO message (queue, message_id, body, sent_at, visible_at) VALUES (?, ?, ?, ?, ?)",
        );
        for (const body of bodies) insert.run(queue, randomUUID(), body, now, now + Math.round(delaySeconds * 1000));
      });
    },
    receive,
    remove({ id }) {
      transaction(() => statement("DELETE FROM message WHERE id = ?").run(id));
    },
    postpone({ id, attempt }, delaySeconds) {
      transaction(() =>
        statement(
          `UPDATE message SET owner = 0, failures = failures + 1, interruptions = 0, visible_at = ?
           WHERE id = ? AND receives = ?`,
        ).run(clock.now() + Math.round(delaySeconds * 1000), id, attempt),
      );
    },
    handBack({ id, attempt }) {
      transaction(() =>
        statement(
          "UPDATE message SET owner = 0, receives = receives - 1, visible_at = ? WHERE id = ? AND receives = ?",
        ).run(clock.now(), id, attempt),
      );
    },
    bury({ id, attempt }, code, reason) {
      die("id = ? AND receives = ?", [id, attempt], code, reason);
    },
    buryBody(queue, body, code, reason) {
      const now = clock.now();
      transaction(() =>
        statement(
          `INSERT INTO dead_letter (queue, message_id, body, sent_at, died_at, receives, code, reason)
           VALUES (?, ?, ?, ?, ?, 0, ?, ?)`,
        ).run(queue, randomUUID(), body, now, now, code, reason),
      );
    },
    nextDue(queue) {
      const row = statement("SELECT min(visible_at) AS due FROM message WHERE queue = ?").get(queue);
      return typeof row?.["due"] === "number" ? row["due"] : undefined;
    },
    release() {
      return transaction(() => {
        const released = statement(
          "UPDATE message SET owner = 0, interruptions = interruptions + 1, visible_at = ? WHERE owner = 1",
        ).run(clock.now());
        return Number(released.changes);
      });
    },
    status: (queues) => statusOf(database, clock, queues),
    redrive(queue) {
      return transaction(() => {
        const moved = statement(
          `INSERT INTO message (queue, message_id, body, sent_at, visible_at)
           SELECT queue, message_id, body, sent_at, ? FROM dead_letter WHERE queue = ? ORDER BY id`,
        ).run(clock.now(), queue);
        statement("DELETE FROM dead_letter WHERE queue = ?").run(queue);
        return Number(moved.changes);
      });
    },
    deadLetters: (queue, limit) =>
      statement("SELECT * FROM dead_letter WHERE queue = ? ORDER BY id LIMIT ?").all(queue, limit).map(deadLetterOf),
  };
}

function statusOf({ statement }: Database, clock: Clock, queues: Iterable<string>): QueueStatus[] {
  const all = new Map([...queues].map((name) => [name, { waiting: 0, inFlight: 0, delayed: 0, deadLetters: 0 }]));
  const counts = (name: string) => {
    const known = all.get(name) ?? { waiting: 0, inFlight: 0, delayed: 0, deadLetters: 0 };
    all.set(name, known);
    return known;
  };
  const messages = statement(
    `SELECT queue, CASE WHEN visible_at <= ? THEN 'waiting' WHEN owner = 1 THEN 'inFlight' ELSE 'delayed' END AS state,
     count(*) AS number FROM message GROUP BY queue, state`,
  );
  for (const row of messages.all(clock.now())) {
    counts(String(row["queue"]))[row["state"] as "waiting" | "inFlight" | "delayed"] = Number(row["number"]);
  }
  for (const row of statement("SELECT queue, count(*) AS number FROM dead_letter GROUP BY queue").all()) {
    counts(String(row["queue"])).deadLetters = Number(row["number"]);
  }
  return [...all].map(([name, numbers]) => ({ name, ...numbers })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function deadLetterOf(row: Record<string, unknown>): DeadLetter {
  return {
    queue: String(row["queue"]),
    messageId: String(row["message_id"]),
    body: JSON.parse(String(row["body"])),
    attempts: Number(row["receives"]),
    code: String(row["code"]),
    reason: String(row["reason"]),
    sentAt: new Date(Number(row["sent_at"])).toISOString(),
    diedAt: new Date(Number(row["died_at"])).toISOString(),
  };
}
