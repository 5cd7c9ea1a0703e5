/**
 * The Debian security tracker's JSON, as far as it is used: source package -> CVE (or TEMP id) -> releases.
 * https://security-team.debian.org/security_tracker.html
 */
import * as z from "zod";

const release = z.object({
  status: z.enum(["resolved", "open", "undetermined"]),
  fixed_version: z.string().min(1).max(512).optional(),
  urgency: z.string().max(100).optional(),
  /** Why there will be no security update of its own. */
  nodsa: z.string().max(10_000).optional(),
  /** `ignored`, `postponed`, or nothing. */
  nodsa_reason: z.string().max(100).optional(),
});

const sourceName = z
  .string()
  .max(1024)
  .regex(/^[a-z0-9][a-z0-9+.-]*$/);

/** CVE ids, and `TEMP-0000000-ABCDEF` for what has none yet. */
const bugName = z
  .string()
  .max(100)
  .regex(/^(?:CVE|TEMP)-[0-9A-Za-z-]+$/);

export const trackerDocument = z.record(
  sourceName,
  z.record(
    bugName,
    z.object({
      description: z.string().max(100_000).optional(),
      releases: z.record(z.string().max(100), release),
    }),
  ),
);

export type TrackerDocument = z.infer<typeof trackerDocument>;
export type TrackerRelease = z.infer<typeof release>;
