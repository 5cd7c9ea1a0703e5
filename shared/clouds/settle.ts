/**
 * From many hints to one re-read. A hint is noted on its cluster and one wake-up is sent for when the cluster will
 * have been quiet for the settle time; later hints push that moment back, but never beyond `patience` settle times
 * after the first, so that a cluster that never rests is read too. Every step may be repeated or interrupted: a
 * wake-up that finds nothing to do does nothing, and one that was lost is sent again with the message that caused it.
 */
import * as z from "zod";
import type { EventOf } from "../events/types.ts";
import type { Delivery } from "../platform/door.ts";
import type { Platform } from "../platform/ports.ts";
import {
  type ClusterRef,
  clusterRef,
  getWatch,
  type Hint,
  knownClusters,
  pickRef,
  updateWatch,
  type Watch,
  withHint,
} from "./watch.ts";

export const assessQueue = "assess-cluster";

/** Settle times that a busy cluster may put off its re-read. */
const patience = 10;
/** A wake-up this late, in milliseconds, is taken for lost. */
const wakeGrace = 120_000;
/** Queues delay at most 15 minutes. */
const longestDelaySeconds = 900;

export const wakeSchema = z.strictObject({ kind: z.literal("wake"), cluster: clusterRef, at: z.int() });
export type Wake = z.infer<typeof wakeSchema>;

/** Asks for a re-read without an event. `id` names the sweep: the same sweep asks once. */
export const sweepSchema = z.strictObject({
  kind: z.literal("sweep"),
  cluster: clusterRef,
  id: z.string().min(1).max(256),
  time: z.iso.datetime(),
});
export type Sweep = z.infer<typeof sweepSchema>;

type SettlePlatform = Pick<Platform, "table" | "queues" | "clock" | "settings" | "log">;

/** Notes an event on its cluster, or on every known cluster of its account and region when it names none. */
export async function noteChange(
  platform: SettlePlatform,
  event: EventOf<"ClusterChanged">,
  delivery: Delivery,
): Promise<void> {
  const { cause, ...ref } = event.data;
  const hint = { ...cause, id: event.id, sweep: false };
  const targets = ref.cluster === "*" ? await knownClusters(platform.table, ref) : [ref];
  for (const target of targets) await noteHint(platform, target, hint, delivery);
}

export async function noteSweep(platform: SettlePlatform, sweep: Sweep, delivery: Delivery): Promise<void> {
  const hint = { id: sweep.id, sourceEventId: sweep.id, name: "Sweep", time: sweep.time, sweep: true };
  await noteHint(platform, sweep.cluster, hint, delivery);
}

async function noteHint(
  platform: SettlePlatform,
  ref: ClusterRef,
  hint: Omit<Hint, "generation">,
  delivery: Delivery,
): Promise<void> {
  const now = platform.clock.now();
  let wake: number | undefined;
  await updateWatch(platform, ref, (watch) => {
    wake = undefined;
    const repeat = watch.seen.includes(hint.id);
    const noted = repeat ? watch : withHint(watch, hint, now);
    if (!isPending(noted)) return undefined;
    const onItsWay = noted.wakeAt !== undefined && noted.wakeAt > now - wakeGrace;
    // A second delivery of this very message may mean that the first ended between the write and the wake-up.
    if (onItsWay && !(repeat && delivery.attempt > 1)) return repeat ? undefined : noted;
    wake = dueAt(platform, noted);
    return { ...noted, wakeAt: wake };
  });
  if (wake !== undefined) await sendWake(platform, ref, wake);
}

/** What a wake-up finds. `quiet`: the cluster is due, its watch is as it was read. */
export type Woken = { readonly due: true; readonly watch: Watch } | { readonly due: false };

/** Decides whether a cluster is due; sends the next wake-up when it is not yet. */
export async function wakeUp(platform: SettlePlatform, wake: Wake, delivery: Delivery): Promise<Woken> {
  const stored = await getWatch(platform.table, wake.cluster);
  if (stored === undefined || !isPending(stored.watch)) return { due: false };
  const now = platform.clock.now();
  const due = dueAt(platform, stored.watch);
  if (due <= now) return { due: true, watch: stored.watch };
  const { wakeAt } = stored.watch;
  const another = wakeAt !== undefined && wakeAt > wake.at && delivery.attempt === 1;
  if (!another) await wakeLater(platform, wake.cluster, due);
  return { due: false };
}

/** Sends a wake-up for `at` (milliseconds), noted on the watch so that no second one is sent. */
export async function wakeLater(platform: SettlePlatform, ref: ClusterRef, at: number): Promise<void> {
  await updateWatch(platform, ref, (watch, stored) => (stored ? { ...watch, wakeAt: at } : undefined));
  await sendWake(platform, ref, at);
}

export function isPending(watch: Watch): boolean {
  return watch.generation > watch.assessed;
}

/** When a pending cluster is to be read, in milliseconds. */
export function dueAt(platform: Pick<Platform, "settings">, watch: Watch): number {
  const settle = platform.settings.clouds.ecs.settleSeconds * 1000;
  return Math.min((watch.lastHintAt ?? 0) + settle, (watch.pendingSince ?? 0) + patience * settle);
}

async function sendWake(platform: SettlePlatform, ref: ClusterRef, at: number): Promise<void> {
  const wake: Wake = { kind: "wake", cluster: pickRef(ref), at };
  const seconds = Math.ceil((at - platform.clock.now()) / 1000);
  await platform.queues.send(assessQueue, [wake], Math.min(Math.max(seconds, 0), longestDelaySeconds));
}
