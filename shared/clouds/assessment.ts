/** The assessment document (blob `assessments/<id>.json`): everything one re-read of a cluster found. */
import * as z from "zod";
import { recentChangeSchema } from "../drift/advance.ts";
import { deviationSchema } from "../drift/deviations.ts";
import { observationSchema, resourceSchema } from "../findings/types.ts";
import type { Platform } from "../platform/ports.ts";
import { checkRecordSchema } from "../posture/evaluate.ts";
import { clusterRef } from "./watch.ts";

export const assessmentSchema = z.object({
  schema: z.literal("portwarden.assessment/1"),
  id: z.string(),
  cluster: clusterRef,
  /** `gone`: the cluster does not exist any more. */
  status: z.enum(["complete", "partial", "gone"]),
  readAt: z.iso.datetime(),
  /** What could not be read, and why. */
  unread: z.array(z.object({ what: z.string(), why: z.string() })),
  /** Every result of every check, PASS included. */
  results: z.array(checkRecordSchema),
  /** Resources with something to say, and what findings were made from. */
  resources: z.array(
    z.object({ resource: resourceSchema, name: z.string(), observations: z.array(observationSchema) }),
  ),
  /** Hashes of the canonical documents (blobs `canonical/<hash>.json`). */
  baseline: z.string().optional(),
  current: z.string().optional(),
  deviations: z.array(deviationSchema),
  recent: z.array(recentChangeSchema),
  running: z.array(
    z.object({
      digest: z.string(),
      services: z.array(z.string()),
      reference: z.object({ registry: z.string(), repository: z.string() }).optional(),
    }),
  ),
  /** When a scan was last asked for, by image. */
  scansRequested: z.array(z.object({ image: z.string(), at: z.iso.datetime() })),
});
export type Assessment = z.infer<typeof assessmentSchema>;

function assessmentKey(id: string): string {
  return `assessments/${id}.json`;
}

export async function putAssessment(platform: Pick<Platform, "blobs">, assessment: Assessment): Promise<void> {
  await platform.blobs.put(assessmentKey(assessment.id), Buffer.from(JSON.stringify(assessment)), "application/json");
}

export async function getAssessment(platform: Pick<Platform, "blobs">, id: string): Promise<Assessment | undefined> {
  const bytes = await platform.blobs.get(assessmentKey(id));
  return bytes === undefined ? undefined : assessmentSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
}

/** Whether two assessments of a cluster found the same: then the later one need not be kept. */
export function sameFindings(a: Assessment, b: Assessment): boolean {
  const essence = ({ id: _id, readAt: _readAt, ...rest }: Assessment) => JSON.stringify(rest);
  return essence(a) === essence(b);
}
