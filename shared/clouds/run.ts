/** What the steps of one assessment pass on. */
import type { DriftOutcome } from "../drift/advance.ts";
import type { Cause } from "../findings/types.ts";
import type { ImageName } from "../images/types.ts";
import type { Platform } from "../platform/ports.ts";
import type { Assessment } from "./assessment.ts";
import type { Observed } from "./observe.ts";
import type { RunningImages } from "./running.ts";
import type { Watch } from "./watch.ts";

export type AssessPlatform = Pick<
  Platform,
  "table" | "blobs" | "queues" | "ecs" | "clock" | "log" | "metrics" | "settings"
>;

/** One assessment under way. */
export interface Run {
  readonly platform: AssessPlatform;
  /** As it was when the lease was taken; says which hints are covered. */
  readonly watch: Watch;
  /** Who holds the lease. */
  readonly holder: string;
  readonly id: string;
  readonly readAt: string;
  readonly cause: Cause;
  readonly previous: Assessment | undefined;
  /** An earlier run may have got part of the way. */
  readonly recovering: boolean;
}

/** Everything an assessment ends with. */
export interface Ending {
  readonly assessment: Assessment;
  readonly observed: readonly Observed[];
  readonly drift?: DriftOutcome;
  readonly running?: RunningImages;
  /** Images that run and were never scanned. */
  readonly scans: readonly ImageName[];
}
