/** What arrives in the queue in front of re-matches: changes of the advisories, requests by hand, and wake-ups. */
import * as z from "zod";
import { envelopeOf } from "../events/envelope.ts";
import type { EventOf } from "../events/types.ts";
import type { Platform } from "../platform/ports.ts";
import { announceChanges, announceEverything } from "./announce.ts";
import { askSchema, planQueue } from "./ask.ts";
import { blobsOfChange, changeSchema, keysOfChange, readDocument } from "./change.ts";
import { finishRematch } from "./finish.ts";
import { planRematch, planSchema } from "./plan.ts";

/** Sent to itself: make the report with what there is, when nothing moves any more. */
const closeSchema = z.object({ kind: z.literal("close"), change: z.string(), done: z.int() });

export const rematchMessage = z.union([askSchema, closeSchema, envelopeOf("AdvisoriesChanged")]);
export type RematchMessage = z.infer<typeof rematchMessage>;

/** A re-match of which no batch ended for so long is told without those that are missing. */
const stillSeconds = 900;

export async function handleRematchMessage(platform: Platform, message: RematchMessage): Promise<void> {
  if ("type" in message) return plan(platform, message);
  if (message.kind === "close") return close(platform, message);
  if (message.everything) await announceEverything(platform, message.gone);
  else await announceChanges(platform);
}

async function plan(platform: Platform, event: EventOf<"AdvisoriesChanged">): Promise<void> {
  const { batches, change } = await planRematch(platform, event);
  if (batches > 0) await closeLater(platform, change, 0);
}

async function closeLater({ queues }: Pick<Platform, "queues">, change: string, done: number): Promise<void> {
  await queues.send(planQueue, [{ kind: "close", change, done } satisfies z.infer<typeof closeSchema>], stillSeconds);
}

const progressSchema = z.object({ done: z.int() });

async function close(platform: Platform, { change: id, done }: z.infer<typeof closeSchema>): Promise<void> {
  const { table, blobs, log } = platform;
  const keys = keysOfChange(id);
  const [plan, progress, report] = await Promise.all([
    table.get(keys.plan),
    table.get(keys.progress),
    table.get(keys.report),
  ]);
  if (report !== undefined || plan === undefined) return;
  const now = progress === undefined ? 0 : progressSchema.parse(progress.data).done;
  if (now > done) return closeLater(platform, id, now);
  const undone: number[] = [];
  for (let number = 0; number < planSchema.parse(plan.data).batches; number++) {
    if ((await table.get(keys.done(number))) === undefined) undone.push(number);
  }
  log.warn("a re-match stands still: it is told without the batches that are missing", {
    change: id,
    missing: undone.length,
  });
  await finishRematch(platform, await readDocument(blobs, blobsOfChange(id).change, changeSchema), undone);
}
