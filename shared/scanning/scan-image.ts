import { advisoryWarnings } from "../advisories/age.ts";
import { advisoriesOf } from "../advisories/store.ts";
import { reconcile } from "../findings/reconcile.ts";
import type { Report } from "../findings/report.ts";
import { findingsOfResource } from "../findings/store.ts";
import type { Cause, Finding, Severity } from "../findings/types.ts";
import { imageResource, repositoryName } from "../images/keys.ts";
import { servicesRunning } from "../images/running.ts";
import { getImage, moveTag, readTag, tagsOfRepository, updateImage } from "../images/store.ts";
import type { ImageName, ImageRecord } from "../images/types.ts";
import { PermanentError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { openImageSource } from "../registry/open-source.ts";
import type { ImagePlatform, ResolvedImage } from "../registry/types.ts";
import { inspectImage } from "./inspect.ts";
import { failureObservation, observe } from "./observe.ts";
import { completeScan, getScan, scanIdOf } from "./records.ts";
import { summarise } from "./report.ts";

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

const vulnerabilityKinds = ["vulnerability", "coverage"] as const;

/**
 * Scans an image or every image of an index: inventory, match, findings, report, event. Permanent failures end as a
 * failed scan that everybody can see; transient ones are thrown, and the scan goes on where it was when it is tried
 * again. Returns the scan's id.
 */
export async function scanImage(platform: ScanPlatform, request: ScanRequest): Promise<string> {
  const { clock, log } = platform;
  const reference = request.digest === undefined ? `:${request.tags[0] ?? "latest"}` : `@${request.digest}`;
  const name = `${repositoryName(request)}${reference}`;
  const scanId = scanIdOf(name, request.cause.id);
  if ((await getScan(platform.table, scanId)) !== undefined) {
    log.info("this scan was done before", { image: name, scan: scanId });
    return scanId;
  }
  const startedAt = new Date(clock.now()).toISOString();
  const started = performance.now();
  const run: Run = { platform, request, name, scanId, startedAt, cause: causeOf(request, scanId) };
  const report = await scanOrFail(run);
  await completeScan(platform, report.report, { ...request, ...report.digest }, request.cause.id);
  platform.metrics.count("scans", 1, { status: report.report.status });
  log.info("scan completed", {
    image: name,
    status: report.report.status,
    new: report.report.introduced.length,
    fixed: report.report.fixed.length,
    ms: Math.round(performance.now() - started),
  });
  return scanId;
}

interface Run {
  readonly platform: ScanPlatform;
  readonly request: ScanRequest;
  readonly name: string;
  readonly scanId: string;
  readonly startedAt: string;
  readonly cause: Cause;
}

interface Ended {
  readonly report: Report;
  readonly digest: { readonly digest?: string };
}

function causeOf(request: ScanRequest, scanId: string): Cause {
  return { id: `scan:${scanId}`, kind: "scan", time: request.cause.time, detail: request.cause.detail.slice(0, 512) };
}

async function scanOrFail(run: Run): Promise<Ended> {
  const { platform, request } = run;
  const onFailure = (error: unknown): PermanentError => {
    if (error instanceof PermanentError) return error;
    throw error;
  };
  const reference = request.digest === undefined ? run.name : `${repositoryName(request)}@${request.digest}`;
  let resolved: ResolvedImage;
  const source = await openImageSource(reference, {
    settings: platform.settings.registries,
    credentials: platform.credentials,
    log: platform.log,
  }).catch(onFailure);
  if (source instanceof PermanentError) return failed(run, source, request.digest);
  try {
    const outcome = await source.resolve(platform.settings.registries.platforms).catch(onFailure);
    if (outcome instanceof PermanentError) return await failed(run, outcome, request.digest);
    resolved = outcome;
    return await scanResolved(run, resolved);
  } finally {
    await source.close();
  }
}

/** What scanning the images of one name gave, platform by platform. */
interface Totals {
  readonly introduced: Finding[];
  readonly fixed: Finding[];
  readonly open: Finding[];
  readonly problems: { code: string; message: string }[];
  partial: boolean;
  packages: number;
}

async function scanResolved(run: Run, resolved: ResolvedImage): Promise<Ended> {
  const { platform, request } = run;
  const whole: ImageName = { ...pick(request), digest: resolved.digest };
  const tag = request.tags[0];
  if (request.digest === undefined && tag !== undefined) {
    await moveTag(platform.table, whole, tag, resolved.digest, request.cause.time);
  }
  const record = await getImage(platform.table, whole);
  const first = record?.firstScanId === undefined || record.firstScanId === run.scanId;
  const totals: Totals = { introduced: [], fixed: [], open: [], problems: [], partial: false, packages: 0 };
  const running = await servicesRunning(platform.table, [resolved.digest]);
  const advisories = await advisoriesOf(platform.blobs);
  for (const candidate of resolved.images) {
    await scanOne(run, resolved, candidate, totals);
  }
  if (resolved.kind === "index") {
    await reconcileInto(run, whole, running, failuresOf(totals), totals);
    await noteImage(run, whole, totals, {
      kind: "index",
      mediaType: resolved.mediaType,
      children: resolved.images.map(({ digest }) => digest),
      attestations: resolved.attestations.map(({ digest }) => digest),
    });
  }
  const previous = first ? await previousImage(platform, request, whole) : undefined;
  const previousOpen = previous === undefined ? undefined : await openFindings(platform, previous);
  const linkBase = platform.settings.notifications.linkBase?.replace(/\/+$/, "");
  const { quiet, ...summary } = summarise(
    { ...totals, ...(previousOpen === undefined ? {} : { previous: previousOpen }) },
    linkBase,
  );
  const warnings = [...advisoryWarnings(advisories.age(), platform.settings.advisories, platform.clock.now())];
  if (quiet > 0)
    warnings.push(
      `${quiet} more matches on kernel headers, unimportant or vendor-patched packages are recorded, not listed here`,
    );
  const status =
    totals.problems.length === 0
      ? totals.partial
        ? "partial"
        : "complete"
      : resolved.images.length === totals.problems.length
        ? "failed"
        : "partial";
  const tags = await currentTags(platform, request, resolved.digest);
  const report: Report = {
    ...reportHead(run, { name: displayName(request, tags, resolved.digest), digest: resolved.digest, tags, running }),
    status,
    problems: totals.problems,
    ...summary,
    ...(previous === undefined
      ? {}
      : { comparedWith: `the previous image of this tag, ${previous.digest.slice(0, 19)}` }),
    warnings,
    endedAt: new Date(platform.clock.now()).toISOString(),
  };
  return { report, digest: { digest: resolved.digest } };
}

function failuresOf(totals: Totals) {
  return totals.problems.map(({ code, message }) => failureObservation(code, message));
}

type Candidate = ResolvedImage["images"][number];

/** One platform. A permanent failure is noted on it and does not stop the others. */
async function scanOne(run: Run, resolved: ResolvedImage, candidate: Candidate, totals: Totals): Promise<void> {
  const { platform, request } = run;
  const image: ImageName = { ...pick(request), digest: candidate.digest };
  const related = [candidate.digest, resolved.digest];
  const running = await servicesRunning(platform.table, related);
  const mine: Totals = { introduced: [], fixed: [], open: [], problems: [], partial: false, packages: 0 };
  const parent = resolved.kind === "index" ? { parent: resolved.digest } : {};
  const known: Partial<ImageRecord> = { kind: "image", platform: platformName(candidate.platform), ...parent };
  try {
    const opened = await candidate.open();
    const inspection = await inspectImage(opened, {
      blobs: platform.blobs,
      advisories: await advisoriesOf(platform.blobs),
      log: platform.log,
      onBytes: (done, total) => platform.progress.report(`scanning ${run.name}`, done, total),
    });
    platform.log.info("image inspected", {
      image: run.name,
      platform: platformName(opened.platform),
      packages: inspection.inventory.packages.length,
      vulnerabilities: inspection.match.vulnerabilities.length,
      cached: inspection.cached,
      inventoryMs: inspection.milliseconds.inventory,
      matchingMs: inspection.milliseconds.matching,
    });
    mine.packages = inspection.inventory.packages.length;
    mine.partial = inspection.inventory.partial.length > 0;
    await reconcileInto(run, image, running, observe(inspection.inventory, inspection.match), mine);
    await noteImage(run, image, mine, {
      ...known,
      mediaType: opened.mediaType,
      platform: platformName(opened.platform),
    });
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    mine.problems.push({ code: error.code, message: error.message.slice(0, 500) });
    await reconcileInto(run, image, running, failuresOf(mine), mine, ["coverage"]);
    await noteImage(run, image, mine, known);
  }
  totals.introduced.push(...mine.introduced);
  totals.fixed.push(...mine.fixed);
  totals.open.push(...mine.open);
  totals.problems.push(...mine.problems);
  totals.partial ||= mine.partial;
  totals.packages += mine.packages;
}

async function reconcileInto(
  run: Run,
  image: ImageName,
  running: readonly string[],
  observations: ReturnType<typeof observe>,
  totals: Totals,
  kinds: readonly ("vulnerability" | "coverage")[] = vulnerabilityKinds,
): Promise<void> {
  const resource = imageResource(image);
  const result = await reconcile(run.platform, { resource, kinds, observations, cause: run.cause, running });
  totals.introduced.push(...result.introduced);
  totals.fixed.push(...result.fixed);
  totals.open.push(...result.open);
}

async function noteImage(run: Run, image: ImageName, totals: Totals, known: Partial<ImageRecord>): Promise<void> {
  const { platform, request, scanId } = run;
  const open: Partial<Record<Severity, number>> = {};
  for (const { severity } of totals.open) open[severity] = (open[severity] ?? 0) + 1;
  const status = totals.problems.length > 0 ? "failed" : totals.partial ? "partial" : "complete";
  const advisories = (await advisoriesOf(platform.blobs)).age().set;
  await updateImage(platform, image, (record) => ({
    ...image,
    kind: "unknown",
    firstSeenAt: request.cause.time,
    ...record,
    ...known,
    ...(request.cause.pusher === undefined ? {} : { pusher: request.cause.pusher }),
    ...(status === "failed" ? {} : { firstScanId: record?.firstScanId ?? scanId }),
    scan: {
      id: scanId,
      status,
      at: new Date(platform.clock.now()).toISOString(),
      packages: totals.packages,
      open,
      problems: totals.problems.slice(0, 50),
      advisories,
    },
  }));
}

/** The image could not even be found: one visible finding on what was asked for. */
async function failed(run: Run, error: PermanentError, digest: string | undefined): Promise<Ended> {
  const { platform, request } = run;
  const target: ImageName = { ...pick(request), digest: digest ?? `tag:${request.tags[0] ?? "latest"}` };
  const totals: Totals = { introduced: [], fixed: [], open: [], problems: [], partial: false, packages: 0 };
  totals.problems.push({ code: error.code, message: error.message.slice(0, 500) });
  const running = digest === undefined ? [] : await servicesRunning(platform.table, [digest]);
  await reconcileInto(run, target, running, failuresOf(totals), totals, ["coverage"]);
  await noteImage(run, target, totals, {});
  const { quiet: _quiet, ...summary } = summarise(
    totals,
    platform.settings.notifications.linkBase?.replace(/\/+$/, ""),
  );
  platform.log.warn("the image could not be scanned", { image: run.name, code: error.code, reason: error.message });
  const tags = [...request.tags];
  const subject = {
    name: displayName(request, tags, target.digest),
    ...(digest === undefined ? {} : { digest }),
    tags,
    running,
  };
  const report: Report = {
    ...reportHead(run, subject),
    status: "failed",
    problems: totals.problems,
    ...summary,
    warnings: [],
    endedAt: new Date(platform.clock.now()).toISOString(),
  };
  return { report, digest: digest === undefined ? {} : { digest } };
}

function reportHead(run: Run, subject: Omit<Report["subject"], "repository">) {
  return {
    schema: "portwarden.report/1" as const,
    id: run.scanId,
    kind: "scan" as const,
    subject: { ...subject, repository: repositoryName(run.request) },
    cause: run.request.cause.detail,
    startedAt: run.startedAt,
  };
}

function pick(request: ScanRequest): { registry: string; repository: string } {
  return { registry: request.registry, repository: request.repository };
}

function displayName(request: ScanRequest, tags: readonly string[], digest: string): string {
  const tag = request.tags.find((candidate) => tags.includes(candidate)) ?? tags[0];
  return tag === undefined ? `${repositoryName(request)}@${digest.slice(0, 19)}` : `${repositoryName(request)}:${tag}`;
}

function platformName(platform: ImagePlatform): string {
  return [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined).join("/");
}

async function currentTags(platform: ScanPlatform, request: ScanRequest, digest: string): Promise<string[]> {
  const known = (await tagsOfRepository(platform.table, request)).get(digest) ?? [];
  const named = request.digest === undefined ? request.tags : [];
  return [...new Set([...named, ...known])].sort().slice(0, 100);
}

/** The image that the tag pointed at before, if it was scanned. */
async function previousImage(
  platform: ScanPlatform,
  request: ScanRequest,
  image: ImageName,
): Promise<ImageName | undefined> {
  for (const tag of request.tags) {
    const { digest, previous } = await readTag(platform.table, request, tag);
    if (digest !== image.digest || previous === undefined || previous === image.digest) continue;
    const candidate = { ...pick(request), digest: previous };
    if ((await getImage(platform.table, candidate))?.firstScanId !== undefined) return candidate;
  }
  return undefined;
}

async function openFindings(platform: ScanPlatform, image: ImageName): Promise<Finding[]> {
  const record = await getImage(platform.table, image);
  const open: Finding[] = [];
  for (const digest of [image.digest, ...(record?.children ?? [])]) {
    const stored = await findingsOfResource(platform.table, imageResource({ ...image, digest }));
    open.push(...stored.map(({ finding }) => finding).filter(({ state }) => state === "open"));
  }
  return open;
}
