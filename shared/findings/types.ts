/**
 * The one finding model of all pillars. A finding's identity is a hash of (kind, resource, rule, subject): the same
 * problem found twice is one finding. Severity is the source's word; priority is ours.
 */
import * as z from "zod";
import { vexJustifications } from "../vex/types.ts";

/** Worst first. */
export const severities = ["critical", "high", "medium", "low", "negligible", "unknown"] as const;
export type Severity = (typeof severities)[number];

/** `malicious`: a package that was published to do harm. */
export const findingKinds = ["vulnerability", "malicious", "posture", "drift", "coverage"] as const;
export type FindingKind = (typeof findingKinds)[number];

export const findingStates = ["open", "accepted", "resolved"] as const;
export type FindingState = (typeof findingStates)[number];

export const resourceSchema = z.object({
  /** `image`: id is `registry/repository@digest`; else the cloud's own full identifier (ARN). */
  type: z.enum(["image", "ecs-cluster", "ecs-service", "ecs-task-definition"]),
  id: z.string().min(1).max(1024),
});
export type Resource = z.infer<typeof resourceSchema>;

/** What a check, a scan or a comparison claims now about one resource. */
export const observationSchema = z.object({
  kind: z.enum(findingKinds),
  /** CVE or advisory id, check id, drift field, coverage code. */
  rule: z.string().min(1).max(256),
  /** What in the resource it is about: package purl, container name, JSON path. */
  subject: z.string().max(1024),
  title: z.string().max(512),
  severity: z.enum(severities),
  /** Known to be exploited (CISA KEV). */
  exploited: z.boolean().default(false),
  fixedVersion: z.string().max(256).optional(),
  /** Kind-specific facts that people and exports show; bounded, plain JSON. */
  evidence: z.record(z.string(), z.json()),
  links: z.array(z.url()).max(10).default([]),
});
export type Observation = z.infer<typeof observationSchema>;

export const acceptanceSchema = z.object({
  by: z.string().min(1).max(256),
  reason: z.string().min(1).max(2000),
  /** Why it does not affect the resource, in VEX terms; absent: it does, and the risk is accepted. */
  vex: z.enum(vexJustifications).optional(),
  /** ISO 8601; after it the finding is open again. */
  until: z.iso.datetime(),
  at: z.iso.datetime(),
});
export type Acceptance = z.infer<typeof acceptanceSchema>;

export const transitions = ["opened", "resolved", "reopened", "accepted", "acceptance-expired", "changed"] as const;
export type Transition = (typeof transitions)[number];

/** Why a transition happened. */
export const causeSchema = z.object({
  /** Id of the scan, assessment, change of the advisories, event or request. */
  id: z.string().min(1).max(256),
  kind: z.enum(["scan", "assessment", "advisories", "deletion", "person", "schedule"]),
  /** Source time, ISO 8601. */
  time: z.iso.datetime(),
  /** Readable: who pushed, which call, which advisory set. */
  detail: z.string().max(512).optional(),
});
export type Cause = z.infer<typeof causeSchema>;

export const timelineEntrySchema = z.object({
  transition: z.enum(transitions),
  at: z.iso.datetime(),
  cause: causeSchema,
  state: z.enum(findingStates),
  severity: z.enum(severities),
  note: z.string().max(2000).optional(),
});
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;

export const findingSchema = observationSchema.extend({
  /** 32 hex digits. */
  id: z.string().regex(/^[a-f0-9]{32}$/),
  resource: resourceSchema,
  state: z.enum(findingStates),
  /** Where the resource runs now: names of services, newest knowledge; empty when nowhere. */
  running: z.array(z.string().max(512)).max(50),
  openedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  resolvedAt: z.iso.datetime().optional(),
  acceptance: acceptanceSchema.optional(),
  /** The last transition and what caused it: lets an interrupted scan tell what it already did. */
  last: z.object({ transition: z.enum(transitions), cause: causeSchema }),
});
export type Finding = z.infer<typeof findingSchema>;
