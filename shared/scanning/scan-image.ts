import { readManifest } from "../advisories/set/manifest.ts";
import { type Advisories, advisoriesOf } from "../advisories/set/store.ts";
import { repositoryName } from "../images/keys.ts";
import { servicesRunning } from "../images/running.ts";
import { PermanentError, TransientError } from "../platform/errors.ts";
import { vexFromSettings } from "../vex/files.ts";
import { completeScan, getScan, scanIdOf } from "./records.ts";
import { summarise } from "./report.ts";
import {
  displayName,
  type Ended,
  imageIn,
  linkBaseOf,
  noTotals,
  noteImage,
  type Run,
  reportHead,
  type ScanPlatform,
  type ScanRequest,
  settleFailure,
  tagTarget,
} from "./run.ts";
import { scanResolved } from "./scan-resolved.ts";
import { openSource } from "./source.ts";

export type { ScanPlatform, ScanRequest } from "./run.ts";

/**
 * Scans an image or every image of an index: inventory, match, findings, report, event. Permanent failures end as a
 * failed scan that everybody can see; transient ones are thrown, and the scan goes on where it was when it is tried
 * again. Returns the scan's id.
 */
export async function scanImage(platform: ScanPlatform, request: ScanRequest): Promise<string> {
  const { clock, log } = platform;
  const reference = request.digest === undefined ? `:${tagOf(request)}` : `@${request.digest}`;
  const name = `${repositoryName(request)}${reference}`;
  const scanId = scanIdOf(name, request.cause.id);
  if ((await getScan(platform.table, scanId)) !== undefined) {
    log.info("this scan was done before", { image: name, scan: scanId });
    return scanId;
  }
  const started = performance.now();
  const startedAt = new Date(clock.now()).toISOString();
  const { time, detail } = request.cause;
  const cause = { id: `scan:${scanId}`, kind: "scan" as const, time, detail: detail.slice(0, 512) };
  const vex = await vexFromSettings(platform.settings.vex.files, platform.blobs);
  const { report, digest } = await withCurrentSet(platform, (advisories) =>
    scanOrFail({ platform, request, name, scanId, startedAt, cause, advisories, vex }),
  );
  await completeScan(platform, report, { ...request, ...(digest === undefined ? {} : { digest }) }, request.cause.id);
  platform.metrics.count("scans", 1, { status: report.status });
  log.info("scan completed", {
    image: name,
    status: report.status,
    new: report.introduced.length,
    fixed: report.fixed.length,
    ms: Math.round(performance.now() - started),
  });
  return scanId;
}

/** The sets that replace each other under one scan before it is left to the queue. */
const setsPerScan = 3;

/**
 * What was written under a set that is no longer the present one is written again: a re-match of the same image may
 * have ended before this scan wrote what an older set says. Layers are not read again.
 */
async function withCurrentSet(
  platform: ScanPlatform,
  scan: (advisories: Advisories) => Promise<Ended>,
): Promise<Ended> {
  for (let turn = 1; turn <= setsPerScan; turn++) {
    // A broken store is nothing that an image could be blamed for: it is thrown before anything is said.
    const advisories = await advisoriesOf(platform.blobs);
    const ended = await scan(advisories);
    const now = await readManifest(platform.blobs);
    if ((now?.set ?? "none") === advisories.age().set) return ended;
    platform.log.info("the advisories changed during the scan: the image is matched again");
  }
  throw new TransientError("advisories-changing", "the advisory set was replaced again and again");
}

function tagOf(request: ScanRequest): string {
  return request.tags[0] ?? "latest";
}

async function scanOrFail(run: Run): Promise<Ended> {
  const { platform } = run;
  const source = await openSource(platform, run.name).catch(permanent);
  if (source instanceof PermanentError) return failed(run, source);
  try {
    const resolved = await source.resolve(platform.settings.registries.platforms).catch(permanent);
    if (resolved instanceof PermanentError) return await failed(run, resolved);
    return await scanResolved(run, resolved, source);
  } finally {
    await source.close();
  }
}

function permanent(error: unknown): PermanentError {
  if (error instanceof PermanentError) return error;
  throw error;
}

/** The image could not even be found: one visible finding on what was asked for. */
async function failed(run: Run, error: PermanentError): Promise<Ended> {
  const { platform, request } = run;
  const { digest } = request;
  const target = digest === undefined ? tagTarget(request, tagOf(request)) : imageIn(request, digest);
  const totals = noTotals();
  totals.problems.push({ code: error.code, message: error.message.slice(0, 500) });
  const running = digest === undefined ? [] : await servicesRunning(platform.table, [digest]);
  await settleFailure(run, target, running, totals);
  await noteImage(run, target, totals, {});
  platform.log.warn("the image could not be scanned", { image: run.name, code: error.code, reason: error.message });
  const { quiet: _quiet, ...summary } = summarise({ ...totals, complete: false }, linkBaseOf(platform));
  const tags = [...request.tags];
  const name = displayName(request, tags, target.digest);
  const report = {
    ...reportHead(run, { name, tags, running, ...(digest === undefined ? {} : { digest }) }),
    status: "failed" as const,
    problems: totals.problems,
    ...summary,
    warnings: [],
    endedAt: new Date(platform.clock.now()).toISOString(),
  };
  return digest === undefined ? { report } : { report, digest };
}
