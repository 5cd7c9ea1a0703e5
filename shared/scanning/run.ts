/** One scan under way: what it was asked, what it found so far, and what it writes about each image. */
import type { Advisories } from "../advisories/set/store.ts";
import { type Reconciled, reconcile } from "../findings/reconcile.ts";
import type { Report } from "../findings/report.ts";
import type { Cause, Finding, Observation, Severity } from "../findings/types.ts";
import { imageResource, repositoryName } from "../images/keys.ts";
import { getPresence, updateImage } from "../images/store.ts";
import type { ImageName, ImageRecord } from "../images/types.ts";
import type { Platform } from "../platform/ports.ts";
import type { VexSupply } from "../vex/supply.ts";
import { failureObservation, isScanFailure } from "./observe.ts";

export type ScanPlatform = Pick<
  Platform,
  "table" | "blobs" | "credentials" | "clock" | "log" | "metrics" | "progress" | "settings"
>;

export interface ScanRequest {
  readonly registry: string;
  readonly repository: string;
  readonly digest?: string;
  /** Used when there is no digest, and to find the previous image. */
  readonly tags: readonly string[];
  /** The event or request that asks: the same cause never scans the same image twice. */
  readonly cause: { readonly id: string; readonly time: string; readonly detail: string; readonly pusher?: string };
}

export interface Run {
  readonly platform: ScanPlatform;
  readonly request: ScanRequest;
  /** What was asked for: `registry/repository:tag` or `…@digest`. */
  readonly name: string;
  readonly scanId: string;
  readonly startedAt: string;
  readonly cause: Cause;
  /** One set for all images of the scan. */
  readonly advisories: Advisories;
  /** From the files that the settings name. */
  readonly vex: VexSupply;
}

/** What a scan ended with. */
export interface Ended {
  readonly report: Report;
  /** Of what was found under the name, when something was. */
  readonly digest?: string;
}

/** What scanning gave so far: of one image, or of all of one name. */
export interface Totals {
  readonly introduced: Finding[];
  readonly fixed: Finding[];
  readonly open: Finding[];
  readonly problems: { code: string; message: string }[];
  partial: boolean;
  packages: number;
}

export function noTotals(): Totals {
  return { introduced: [], fixed: [], open: [], problems: [], partial: false, packages: 0 };
}

/** Adds what one image gave to the totals of its name. */
export function addTotals(all: Totals, one: Totals): void {
  all.introduced.push(...one.introduced);
  all.fixed.push(...one.fixed);
  all.open.push(...one.open);
  all.problems.push(...one.problems);
  all.partial ||= one.partial;
  all.packages += one.packages;
}

/** `failed`: none of the images could be scanned. */
export function statusOf(totals: Totals, images = 1): Report["status"] {
  if (totals.problems.length >= images) return "failed";
  return totals.problems.length > 0 || totals.partial ? "partial" : "complete";
}

/** What a scan finds: `posture` are the secrets in the image. */
export const scannedKinds = ["vulnerability", "malicious", "posture", "coverage"] as const;

/** Makes the findings of an image what was observed, and counts what that changed. */
export async function settle(
  run: Run,
  image: ImageName,
  running: readonly string[],
  observations: readonly Observation[],
  totals: Totals,
): Promise<void> {
  const { cause, platform } = run;
  const resource = imageResource(image);
  add(totals, await reconcile(platform, { resource, kinds: scannedKinds, observations, cause, running }));
}

/**
 * An image that could not be scanned has one finding that says so, beside those it had. One that is known to be deleted
 * has none: nobody could ever close it.
 */
export async function settleFailure(
  run: Run,
  image: ImageName,
  running: readonly string[],
  totals: Totals,
): Promise<void> {
  const { cause, platform } = run;
  const gone = totals.problems.every(({ code }) => code === "image-gone");
  const deleted = gone && (await getPresence(platform.table, image)) === false;
  const observations = deleted ? [] : totals.problems.map(({ code, message }) => failureObservation(code, message));
  const judged = { resource: imageResource(image), kinds: scannedKinds, judges: isScanFailure };
  add(totals, await reconcile(platform, { ...judged, observations, cause, running }));
}

function add(totals: Totals, changes: Reconciled): void {
  totals.introduced.push(...changes.introduced);
  totals.fixed.push(...changes.fixed);
  totals.open.push(...changes.open);
}

/** Notes the scan on the image's record, with what became known of the image. */
export async function noteImage(
  run: Run,
  image: ImageName,
  totals: Totals,
  known: Partial<ImageRecord>,
  images = 1,
): Promise<void> {
  const { advisories, platform, request, scanId } = run;
  const status = statusOf(totals, images);
  await updateImage(platform, image, (record) => ({
    ...image,
    kind: "unknown",
    ...record,
    ...known,
    firstSeenAt: earliest(request.cause.time, record?.firstSeenAt),
    ...(request.cause.pusher === undefined ? {} : { pusher: request.cause.pusher }),
    ...(status === "failed" ? {} : { firstScanId: record?.firstScanId ?? scanId }),
    scan: {
      id: scanId,
      status,
      at: new Date(platform.clock.now()).toISOString(),
      packages: totals.packages,
      open: openBySeverity(totals.open),
      problems: totals.problems.slice(0, 50),
      advisories: advisories.age().set,
    },
  }));
}

export function openBySeverity(findings: readonly Finding[]): Partial<Record<Severity, number>> {
  const open: Partial<Record<Severity, number>> = {};
  for (const { severity } of findings) open[severity] = (open[severity] ?? 0) + 1;
  return open;
}

/** Events come in any order: what is seen first is not what happened first. */
function earliest(time: string, other: string | undefined): string {
  return other !== undefined && Date.parse(other) <= Date.parse(time) ? other : new Date(time).toISOString();
}

/** The parts of a report that every end of a scan has. */
export function reportHead(run: Run, subject: Omit<Report["subject"], "repository">) {
  return {
    schema: "portwarden.report/1" as const,
    id: run.scanId,
    kind: "scan" as const,
    subject: { ...subject, repository: repositoryName(run.request) },
    cause: run.request.cause.detail,
    startedAt: run.startedAt,
  };
}

/** Where links in reports lead, without trailing slash. */
export function linkBaseOf(platform: Pick<Platform, "settings">): string | undefined {
  return platform.settings.notifications.linkBase?.replace(/\/+$/, "");
}

/** For people: `registry/repository:tag`, or with the beginning of the digest. */
export function displayName(request: ScanRequest, tags: readonly string[], digest: string): string {
  const tag = request.tags.find((candidate) => tags.includes(candidate)) ?? tags[0];
  return tag === undefined ? `${repositoryName(request)}@${digest.slice(0, 19)}` : `${repositoryName(request)}:${tag}`;
}

/** An image in the repository that was asked for. */
export function imageIn(request: ScanRequest, digest: string): ImageName {
  return { registry: request.registry, repository: request.repository, digest };
}

/** What a tag that leads nowhere has its findings on. */
export function tagTarget(request: ScanRequest, tag: string): ImageName {
  return imageIn(request, `tag:${tag}`);
}
