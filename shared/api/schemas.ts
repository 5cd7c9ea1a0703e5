/** Shapes of the HTTP API, from which its OpenAPI document is generated. */
import * as z from "zod";
import {
  acceptanceSchema,
  findingKinds,
  findingSchema,
  findingStates,
  severities,
  timelineEntrySchema,
} from "../findings/types.ts";
import { imageRecordSchema } from "../images/types.ts";
import { limits } from "../platform/limits.ts";

const flag = z.enum(["true", "false"]).transform((value) => value === "true");

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(limits.pageSize).default(100).meta({ description: "Results per page" }),
  cursor: z.string().max(4096).optional().meta({ description: "The `next` of the page before; opaque" }),
});

export const findingsQuery = pageQuery.extend({
  state: z.enum(findingStates).default("open"),
  kind: z.enum(findingKinds).optional(),
  severity: z.enum(severities).optional().meta({ description: "At least this severity" }),
  rule: z.string().max(256).optional().meta({ description: "A CVE, an advisory or a check" }),
  repository: z.string().max(512).optional().meta({ description: "`registry/repository`" }),
  image: z.string().max(1024).optional().meta({ description: "`registry/repository@digest`" }),
  fixable: flag.optional(),
  exploited: flag.optional(),
  running: flag.optional(),
});

export const findingPage = z.object({ findings: z.array(findingSchema), next: z.string().optional() });
export const findingWithTimeline = z.object({ finding: findingSchema, timeline: z.array(timelineEntrySchema) });
export const findingIdParams = z.object({ id: z.string().regex(/^[a-f0-9]{32}$/) });

export const acceptBody = z.strictObject({
  reason: acceptanceSchema.shape.reason,
  until: z.iso.datetime({ offset: true }).meta({ description: "When the acceptance ends" }),
  vex: acceptanceSchema.shape.vex.meta({ description: "Why it does not affect the image, as a justification of VEX" }),
});

export const vexQuery = z.object({
  repository: z.string().max(512).optional().meta({ description: "`registry/repository`" }),
  image: z.string().max(1024).optional().meta({ description: "`registry/repository@digest`" }),
});

export const imagesQuery = pageQuery.extend({
  repository: z.string().max(512).optional().meta({ description: "`registry/repository`" }),
});
const imageView = imageRecordSchema.extend({
  tags: z.array(z.string()),
  present: z.boolean().optional().meta({ description: "Whether the registry was last known to hold it" }),
  running: z.array(z.string()),
});
export const imagePage = z.object({ images: z.array(imageView), next: z.string().optional() });
export const digestParams = z.object({ digest: z.string().regex(/^sha(256|512):[a-f0-9]{64,128}$/) });
export const imageByDigest = z.object({ images: z.array(imageView) });

export const scanBody = z.strictObject({
  image: z.string().min(1).max(512).meta({ description: "An image reference", example: "registry.example/app:1.2" }),
});
export const scanAccepted = z.object({ request: z.string(), status: z.literal("queued") });
export const scanParams = z.object({ id: z.string().regex(/^[A-Za-z0-9:_-]{1,128}$/) });
export const queueParams = z.object({ name: z.string().regex(/^[a-z0-9-]{1,64}$/) });
export const queueList = z.object({
  queues: z.array(
    z.object({
      name: z.string(),
      waiting: z.int(),
      inFlight: z.int(),
      delayed: z.int(),
      deadLetters: z.int(),
    }),
  ),
});
export const rematchBody = z.object({
  everything: z
    .boolean()
    .default(false)
    .meta({ description: "Match every image again, not only those that a change of the advisories is about" }),
  all: z
    .boolean()
    .default(false)
    .meta({ description: "With everything: also images that left the registry and run nowhere" }),
});
export const rematchAccepted = z.object({ status: z.literal("queued") });
export const redriven = z.object({ moved: z.int() });
export const problem = z.object({
  code: z.string(),
  message: z.string(),
});
