/**
 * What one scan or assessment changed, written once (blob `reports/<id>.json`) before its event is emitted, so that
 * every reader, however late, tells the same story. Messages are made from it; the API serves it.
 */
import * as z from "zod";
import { findingKinds, resourceSchema, severities } from "./types.ts";

/** A finding as reports carry it. */
export const reportedFindingSchema = z.object({
  id: z.string(),
  kind: z.enum(findingKinds),
  rule: z.string(),
  subject: z.string(),
  title: z.string(),
  severity: z.enum(severities),
  exploited: z.boolean(),
  /** Package name and version, container, field: what people recognise. */
  component: z.string().optional(),
  installedVersion: z.string().optional(),
  fixedVersion: z.string().optional(),
  resource: resourceSchema,
  /** Whether the resource runs anywhere; told where a report is about many. */
  running: z.boolean().optional(),
  link: z.url().optional(),
});
export type ReportedFinding = z.infer<typeof reportedFindingSchema>;

export const reportSchema = z.object({
  schema: z.literal("portwarden.report/1"),
  /** The scan's or assessment's id, or that of the change of the advisories. */
  id: z.string(),
  kind: z.enum(["scan", "assessment", "advisories"]),
  subject: z.object({
    /** For people: `registry/repository:tag`, the cluster's name, or `advisories`. */
    name: z.string(),
    /** For routing: `registry/repository`; absent for clusters, and where the findings are about many images. */
    repository: z.string().optional(),
    digest: z.string().optional(),
    tags: z.array(z.string()),
    /** Services it runs in. */
    running: z.array(z.string()),
  }),
  status: z.enum(["complete", "partial", "failed"]),
  /** Why it failed or what was left out. */
  problems: z.array(z.object({ code: z.string(), message: z.string() })),
  /** What this caused: new, best first to act on. Against the previous image of the same tag where there is one. */
  introduced: z.array(reportedFindingSchema),
  fixed: z.array(reportedFindingSchema),
  /** Open before, and now known to be exploited. */
  escalated: z.array(reportedFindingSchema).optional(),
  /** How many images were matched again, and of how many of them findings changed. */
  images: z.object({ matched: z.int(), changed: z.int() }).optional(),
  /** What `introduced` and `fixed` were compared with, for people. */
  comparedWith: z.string().optional(),
  /** All findings open on the subject now, by severity. */
  open: z.record(z.enum(severities), z.int()),
  /** Warnings about the advisory data: its age, or that there is none. */
  warnings: z.array(z.string()),
  /** Who or what caused it, for people: `pushed by ana`, `UpdateService by arn:...`. */
  cause: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
});
export type Report = z.infer<typeof reportSchema>;

export function reportKey(id: string): string {
  return `reports/${id}.json`;
}
