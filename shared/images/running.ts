import * as z from "zod";
import { setRunning } from "../findings/running.ts";
import type { Cause } from "../findings/types.ts";
import type { Platform, Table } from "../platform/ports.ts";
import { imageResource, runningInKey, runningKey } from "./keys.ts";
import { getImage, imagesByDigest } from "./store.ts";
import type { ImageName } from "./types.ts";

export interface RunningInput {
  /** The cluster's identifier (ARN). */
  readonly scope: string;
  /** What it runs now: digest -> names of the services (or task families) that run it. */
  readonly digests: ReadonlyMap<string, readonly string[]>;
  /** Where those digests come from, as the cluster names them. */
  readonly references: ReadonlyMap<string, { readonly registry: string; readonly repository: string }>;
  readonly cause: Cause;
}

/** As many services as a finding names; of an image that runs in more, the first in text order. */
const mostServices = 50;

const servicesSchema = z.object({ services: z.array(z.string()) });

/**
 * Notes which images a cluster runs: their findings say so and sort by it. Idempotent. Returns the images that run
 * and were never scanned.
 */
export async function recordRunning(
  platform: Pick<Platform, "table" | "clock">,
  input: RunningInput,
): Promise<{ readonly unscanned: readonly ImageName[] }> {
  const { table } = platform;
  const before = await digestsOfScope(table, input.scope);
  for (const [digest, services] of input.digests) {
    const wanted = [...new Set(services)].sort().slice(0, mostServices);
    await table.put({ ...runningInKey(input.scope, digest), data: { services: wanted } });
    await table.put({ ...runningKey(digest, input.scope), data: { services: wanted } });
  }
  const gone = before.filter((digest) => !input.digests.has(digest));
  for (const digest of gone) await table.remove(runningKey(digest, input.scope));
  for (const digest of [...input.digests.keys(), ...gone]) await markFindings(platform, digest, input.cause);
  for (const digest of gone) await table.remove(runningInKey(input.scope, digest));

  const unscanned: ImageName[] = [];
  for (const [digest, reference] of input.references) {
    if (!input.digests.has(digest)) continue;
    const image = { registry: reference.registry, repository: reference.repository, digest };
    if ((await getImage(table, image))?.scan === undefined) unscanned.push(image);
  }
  return { unscanned };
}

/**
 * Names of the services that run any of these digests (an image and the index it belongs to), over all clusters; the
 * first 50 in text order.
 */
export async function servicesRunning(table: Table, digests: readonly string[]): Promise<string[]> {
  const services = new Set<string>();
  for (const digest of digests) {
    const page = await table.query({ pk: `running#${digest}` });
    for (const item of page.items)
      for (const service of servicesSchema.parse(item.data).services) services.add(service);
  }
  return [...services].sort().slice(0, mostServices);
}

async function digestsOfScope(table: Table, scope: string): Promise<string[]> {
  const digests: string[] = [];
  let after: string | undefined;
  do {
    const page = await table.query({ pk: runningInKey(scope, "").pk, ...(after === undefined ? {} : { after }) });
    digests.push(...page.items.map(({ sk }) => sk));
    after = page.next;
  } while (after !== undefined);
  return digests;
}

/** A cluster may report the digest of an index: what it says then holds for each of its images. */
async function markFindings(platform: Pick<Platform, "table" | "clock">, digest: string, cause: Cause): Promise<void> {
  for (const record of await imagesByDigest(platform.table, digest)) {
    const names = [record.digest, ...(record.children ?? [])];
    for (const name of names) {
      const related =
        name === digest ? [digest, ...(record.parent === undefined ? [] : [record.parent])] : [name, digest];
      const services = await servicesRunning(platform.table, related);
      await setRunning(platform, imageResource({ ...record, digest: name }), services, cause);
    }
  }
}
