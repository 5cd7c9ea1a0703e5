/**
 * Digests: what a route would have been told at once is collected per hour or day (UTC) and told as one message once
 * the bucket is over. Collecting writes the delivery record of (route, report) together with the entry, closing
 * writes the delivery record of (route, bucket) together with its request: each happens once.
 */

import * as z from "zod";
import type { Report } from "../findings/report.ts";
import { limits } from "../platform/limits.ts";
import type { Clock, Platform, Write } from "../platform/ports.ts";
import {
  creationWrites,
  type Delivery,
  deliveryRetentionDays,
  digestDeliveryId,
  newDelivery,
  requestWrite,
} from "./deliveries.ts";
import { type DigestEntry, digestEntry, digestEntrySchema } from "./digest-message.ts";
import type { RouteMatch } from "./route.ts";

const openPartition = "digests-open";

/**
 * How long after its end a bucket is closed. An entry is written into the bucket of the moment its handling began;
 * handling is cut off after `route-report`'s timeout (30 s), so after this none is under way any more.
 */
const graceMilliseconds = 5 * 60_000;

const openDigestSchema = z.object({ route: z.string(), channel: z.string(), bucket: z.string() });

/** `2026-11-22T07` or `2026-11-22`: the period, in UTC, that this moment (in milliseconds) falls into. */
export function bucketOf(period: "hourly" | "daily", now: number): string {
  return new Date(now).toISOString().slice(0, period === "hourly" ? 13 : 10);
}

/** When the bucket ends, in milliseconds. */
export function bucketEnd(bucket: string): number {
  const hourly = bucket.includes("T");
  return Date.parse(hourly ? `${bucket}:00:00Z` : `${bucket}T00:00:00Z`) + (hourly ? 3_600_000 : 86_400_000);
}

/** The write that adds a report to its route's digest, and that digest's id. Marks the bucket as one to close. */
export async function collectWrite(
  { table, clock }: Pick<Platform, "table" | "clock">,
  report: Report,
  match: RouteMatch,
): Promise<{ readonly digest: string; readonly write: Write }> {
  const { route } = match;
  const bucket = bucketOf(route.digest === "daily" ? "daily" : "hourly", clock.now());
  // Before the entry and outside its transaction: many reports at once share this item, and would conflict on it.
  await table.put({
    pk: openPartition,
    sk: `${bucket}#${route.name}`,
    data: { route: route.name, channel: route.target.channel, bucket },
    condition: { ifAbsent: true },
  });
  const write: Write = {
    put: {
      pk: entriesPartition(route.name, bucket),
      sk: report.id,
      data: digestEntry(report, match),
      expiresAt: Math.floor(clock.now() / 1000) + deliveryRetentionDays * 86_400,
    },
  };
  return { digest: digestDeliveryId(route.name, bucket), write };
}

/** Requests the delivery of every digest whose bucket is over. Idempotent; returns how many it closed. */
export async function closeDigests(platform: Pick<Platform, "table" | "clock" | "log" | "metrics">): Promise<number> {
  const { table, clock } = platform;
  let closed = 0;
  let after: string | undefined;
  do {
    const page = await table.query({ pk: openPartition, limit: 100, ...(after === undefined ? {} : { after }) });
    for (const item of page.items) {
      const open = openDigestSchema.parse(item.data);
      if (bucketEnd(open.bucket) + graceMilliseconds > clock.now()) continue;
      if (await close(platform, open, item.sk)) closed++;
    }
    after = page.next;
  } while (after !== undefined);
  return closed;
}

async function close(
  { table, clock, log, metrics }: Pick<Platform, "table" | "clock" | "log" | "metrics">,
  { route, channel, bucket }: z.infer<typeof openDigestSchema>,
  sk: string,
): Promise<boolean> {
  const open = { pk: openPartition, sk };
  const entries = await table.query({ pk: entriesPartition(route, bucket), limit: 1 });
  if (entries.items.length === 0) {
    await table.remove(open);
    return false;
  }
  const delivery = digestDelivery(clock, route, channel, bucket);
  const { written } = await table.transact([
    ...creationWrites(delivery),
    requestWrite(delivery, clock),
    { remove: open },
  ]);
  if (written) {
    log.info("digest is due", { route, bucket });
    return true;
  }
  // Its delivery exists: an earlier run was cut off, or an entry came later than the grace allows.
  log.warn("digest was closed before", { route, bucket, delivery: delivery.id });
  metrics.count("digest-closed-before");
  await table.remove(open);
  return false;
}

function digestDelivery(clock: Clock, route: string, channel: string, bucket: string): Delivery {
  const about = newDelivery(clock, {
    id: digestDeliveryId(route, bucket),
    route,
    channel,
    content: { kind: "digest", bucket },
    subject: `${bucket.includes("T") ? "hourly" : "daily"} digest ${bucket}`,
  });
  return { ...about, state: "pending" };
}

/** The collected entries of a bucket, at most `limits.reportsPerDigest`, and whether that is all. */
export async function readEntries(
  { table }: Pick<Platform, "table">,
  route: string,
  bucket: string,
): Promise<{ readonly entries: readonly DigestEntry[]; readonly complete: boolean }> {
  const entries: DigestEntry[] = [];
  let after: string | undefined;
  do {
    const limit = Math.min(500, limits.reportsPerDigest - entries.length);
    const pk = entriesPartition(route, bucket);
    const page = await table.query({ pk, limit, ...(after === undefined ? {} : { after }) });
    entries.push(...page.items.map((item) => digestEntrySchema.parse(item.data)));
    after = page.next;
  } while (after !== undefined && entries.length < limits.reportsPerDigest);
  return { entries, complete: after === undefined };
}

function entriesPartition(route: string, bucket: string): string {
  return `digest#${route}#${bucket}`;
}
