/** What arrives in the queue in front of assessments: events, sweeps, and the wake-ups that both lead to. */
import * as z from "zod";
import { envelopeOf } from "../events/envelope.ts";
import type { Delivery } from "../platform/door.ts";
import type { Platform } from "../platform/ports.ts";
import { assessCluster } from "./assess.ts";
import type { AssessPlatform } from "./run.ts";
import { isPending, noteChange, noteSweep, sweepSchema, type Wake, wakeLater, wakeSchema, wakeUp } from "./settle.ts";
import { getWatch, type Watch, watchPut } from "./watch.ts";

const changed = envelopeOf("ClusterChanged");

export const assessMessage = z.union([wakeSchema, sweepSchema, changed]);
export type AssessMessage = z.infer<typeof assessMessage>;

/** How long one assessment may take before another may start: the function's timeout and a little. */
const leaseMilliseconds = 330_000;

export async function handleAssess(platform: Platform, message: AssessMessage, delivery: Delivery): Promise<void> {
  if ("type" in message) await noteChange(platform, message, delivery);
  else if (message.kind === "sweep") await noteSweep(platform, message, delivery);
  else await assessWhenDue(platform, message, delivery);
}

async function assessWhenDue(platform: AssessPlatform, wake: Wake, delivery: Delivery): Promise<void> {
  const woken = await wakeUp(platform, wake, delivery);
  if (!woken.due) return;
  const leased = await takeLease(platform, woken.watch, delivery);
  if (leased === "done") return;
  if (leased === "taken") {
    const later = platform.clock.now() + (platform.settings.clouds.ecs.settleSeconds + 5) * 1000;
    await wakeLater(platform, wake.cluster, later);
    return;
  }
  await assessCluster(platform, leased.watch, delivery.messageId, leased.recovering);
}

/**
 * Takes the right to assess a cluster, unless another has it or is taking it now, or has just answered all hints. The
 * same message, when it is delivered again, has it still: its first run has ended.
 */
async function takeLease(
  platform: AssessPlatform,
  { provider, account, region, cluster }: Watch,
  { messageId }: Delivery,
): Promise<{ readonly watch: Watch; readonly recovering: boolean } | "taken" | "done"> {
  const before = await getWatch(platform.table, { provider, account, region, cluster });
  if (before === undefined || !isPending(before.watch)) return "done";
  const { lease, pendingSince: _pendingSince, wakeAt: _wakeAt, ...rest } = before.watch;
  const now = platform.clock.now();
  if (lease !== undefined && lease.by !== messageId && lease.until > now) return "taken";
  const watch: Watch = { ...rest, lease: { by: messageId, until: now + leaseMilliseconds } };
  const { written } = await platform.table.put(watchPut(before, watch));
  return written ? { watch, recovering: lease !== undefined } : "taken";
}
