/** One batch of images, matched again; and, after the last one, the report of the whole change. */
import * as z from "zod";
import { readManifest } from "../advisories/set/manifest.ts";
import { advisoriesOf } from "../advisories/set/store.ts";
import { imageResource } from "../images/keys.ts";
import { TransientError } from "../platform/errors.ts";
import { vexFromSettings } from "../vex/files.ts";
import {
  blobsOfChange,
  type Change,
  changeSchema,
  keysOfChange,
  putDocument,
  readDocument,
  retentionSeconds,
} from "./change.ts";
import { type Batch, type BatchItem, type BatchResult, batchSchema } from "./documents.ts";
import { finishRematch } from "./finish.ts";
import { lanes } from "./lanes.ts";
import { type ImageOutcome, type RematchPorts, rematchImage } from "./rematch-image.ts";

const imagesAtOnce = 4;
/** A set that is replaced while a batch is at work has the batch done again; this often, then by the queue. */
const attempts = 3;

/**
 * Matches the images of one batch again with the set that is in use now, which may be newer than the one the change
 * leads to. Idempotent: a batch that was done is not done twice, and the last one makes the report.
 */
export async function rematchBatch(ports: RematchPorts, item: BatchItem): Promise<void> {
  const { blobs, table, log } = ports;
  const batch = await readDocument(blobs, item.batch, batchSchema);
  const change = await readDocument(blobs, blobsOfChange(batch.change).change, changeSchema);
  if ((await table.get(keysOfChange(batch.change).done(batch.number))) === undefined) {
    const started = performance.now();
    const result = await withCurrentSet(ports, change, batch);
    await putDocument(blobs, blobsOfChange(batch.change).result(batch.number), result);
    log.info("images matched again", {
      change: batch.change,
      batch: batch.number,
      images: result.matched,
      introduced: result.introduced.length,
      fixed: result.fixed.length,
      ms: Math.round(performance.now() - started),
    });
  }
  if (await noteDone(ports, batch)) await finishRematch(ports, change);
}

/**
 * Whoever writes findings looks afterwards whether its set is still the present one, and does it again otherwise: so the
 * last to write had the newest set, whatever else was under way.
 */
async function withCurrentSet(ports: RematchPorts, change: Change, batch: Batch): Promise<BatchResult> {
  const vex = await vexFromSettings(ports.settings.vex.files, ports.blobs);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const advisories = await advisoriesOf(ports.blobs);
    const outcomes: ImageOutcome[] = [];
    await lanes(imagesAtOnce, batch.images, async (image) => {
      outcomes.push(await rematchImage(ports, { image, names: image.names, change, advisories, vex }));
    });
    const now = await readManifest(ports.blobs);
    if (now?.set === advisories.age().set) return resultOf(outcomes);
    ports.log.info("the advisories changed meanwhile: the batch is done again", { change: change.id });
  }
  throw new TransientError("advisories-changing", "the advisory set was replaced again and again");
}

function resultOf(outcomes: readonly ImageOutcome[]): BatchResult {
  const sorted = [...outcomes].sort((a, b) => (imageResource(a.image).id < imageResource(b.image).id ? -1 : 1));
  const changed = sorted.filter(
    ({ introduced, fixed, escalated }) => introduced.length + fixed.length + escalated.length > 0,
  );
  return {
    matched: sorted.filter(({ skipped }) => !skipped).length,
    changed: changed.length,
    skipped: sorted.filter(({ skipped }) => skipped).length,
    problems: sorted.flatMap(({ problem }) => problem ?? []),
    introduced: sorted.flatMap(({ introduced }) => introduced),
    fixed: sorted.flatMap(({ fixed }) => fixed),
    escalated: sorted.flatMap(({ escalated }) => escalated),
    quiet: sorted.reduce((sum, { quiet }) => sum + quiet, 0),
  };
}

const progressSchema = z.object({ done: z.int(), batches: z.int() });
const planned = z.object({ batches: z.int() });

/** Counts the batch as done, once; says whether all of them are. */
async function noteDone({ table, clock }: RematchPorts, { change, number }: Batch): Promise<boolean> {
  const keys = keysOfChange(change);
  const plan = planned.parse((await table.get(keys.plan))?.data ?? { batches: 1 });
  for (let attempt = 1; attempt <= 50; attempt++) {
    const stored = await table.get(keys.progress);
    const progress = stored === undefined ? { done: 0, batches: plan.batches } : progressSchema.parse(stored.data);
    if ((await table.get(keys.done(number))) !== undefined) return progress.done >= progress.batches;
    const data = { ...progress, done: progress.done + 1 };
    const expiresAt = Math.floor(clock.now() / 1000) + retentionSeconds;
    const condition = stored === undefined ? ({ ifAbsent: true } as const) : { ifVersion: stored.version };
    const { written } = await table.transact([
      { put: { ...keys.done(number), data: {}, expiresAt, condition: { ifAbsent: true } } },
      { put: { ...keys.progress, data, expiresAt, condition } },
    ]);
    if (written) return data.done >= data.batches;
  }
  throw new TransientError("rematch-busy", "too many batches ended at once");
}
