import { messageOf, PermanentError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { parseArn } from "./arn.ts";
import { assessQueue, type Sweep } from "./settle.ts";
import { type ClusterRef, knownClusters } from "./watch.ts";

type SweepPlatform = Pick<Platform, "table" | "queues" | "ecs" | "clock" | "log" | "metrics" | "settings">;

/** Messages sent in one call. */
const batch = 100;
/** The embedded platform sweeps all day: that there is nothing to sweep is said once per process. */
let saidNothing = false;

/**
 * Has every cluster of the watched regions read again: those that are there, and those known that no longer are, so
 * that their findings end. A region that may not be read is told, and does not keep the others from being swept.
 */
export async function sweepClusters(platform: SweepPlatform): Promise<void> {
  const { regions } = platform.settings.clouds.ecs;
  if (regions.length === 0) {
    if (!saidNothing) platform.log.info("no ECS regions are set (clouds.ecs.regions): nothing to sweep");
    saidNothing = true;
    return;
  }
  const time = new Date(platform.clock.now()).toISOString();
  for (const region of regions) {
    const clusters = await clustersOf(platform, region);
    const bodies = clusters.map((cluster): Sweep => ({ kind: "sweep", cluster, id: `sweep:${time}`, time }));
    for (let start = 0; start < bodies.length; start += batch) {
      await platform.queues.send(assessQueue, bodies.slice(start, start + batch));
    }
    platform.metrics.count("clusters-swept", clusters.length);
    platform.log.info("clusters swept", { region, clusters: clusters.length });
  }
}

async function clustersOf(platform: SweepPlatform, region: string): Promise<readonly ClusterRef[]> {
  const known = await knownClusters(platform.table, { provider: "ecs", region });
  const refs = new Map(known.map((ref) => [ref.cluster, ref]));
  try {
    for (const cluster of await platform.ecs.clusters(region)) {
      const account = parseArn(cluster)?.account ?? "";
      refs.set(cluster, { provider: "ecs", account, region, cluster });
    }
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    platform.metrics.count("sweep-failures", 1, { region });
    platform.log.error("the clusters of a region cannot be listed", { region, why: messageOf(error) });
  }
  return [...refs.values()];
}
