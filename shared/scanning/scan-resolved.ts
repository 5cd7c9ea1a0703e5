/** The scan of what a name led to, platform by platform. */
import { advisoryWarnings } from "../advisories/age.ts";
import type { Report } from "../findings/report.ts";
import { repositoryName } from "../images/keys.ts";
import { servicesRunning } from "../images/running.ts";
import { getImage, moveTag, recordPresence, tagsOfRepository } from "../images/store.ts";
import type { ImageRecord } from "../images/types.ts";
import { withKnownBase } from "../inventory/base-image.ts";
import { knownChainsIn } from "../inventory/known-chains.ts";
import { PermanentError } from "../platform/errors.ts";
import { formatPlatform } from "../registry/platforms.ts";
import type { Image, ImageSource, ResolvedImage } from "../registry/types.ts";
import { indexImage } from "../rematch/index-image.ts";
import type { VexContext } from "../vex/supply.ts";
import { type Inspection, inspectImage } from "./inspect.ts";
import { inventoryKey } from "./inventory.ts";
import { isPartial, observe } from "./observe.ts";
import { previousImage } from "./previous.ts";
import { summarise } from "./report.ts";
import {
  addTotals,
  displayName,
  type Ended,
  imageIn,
  linkBaseOf,
  noTotals,
  noteImage,
  type Run,
  reportHead,
  type ScanPlatform,
  settle,
  settleFailure,
  statusOf,
  type Totals,
} from "./run.ts";
import { closeTagFailures } from "./tag-failures.ts";

/** Scans every image, and tells what that changed: against the tag's previous image when this one is new. */
export async function scanResolved(run: Run, resolved: ResolvedImage, source: ImageSource): Promise<Ended> {
  const { platform, request } = run;
  const vex = await vexContext(run, resolved, source);
  const whole = imageIn(request, resolved.digest);
  const tag = request.tags[0];
  if (request.digest === undefined && tag !== undefined) {
    await moveTag(platform.table, whole, tag, resolved.digest, request.cause.time);
  }
  const record = await getImage(platform.table, whole);
  const first = record?.firstScanId === undefined || record.firstScanId === run.scanId;
  const totals = noTotals();
  for (const candidate of resolved.images) addTotals(totals, await scanOne(run, resolved, candidate, vex));
  if (resolved.kind === "index") await settleIndex(run, resolved, totals);
  await closeTagFailures(run, totals);

  const status = statusOf(totals, resolved.images.length);
  const previous = first ? await previousImage(platform.table, request, whole) : undefined;
  const { quiet, ...summary } = summarise(
    { ...totals, complete: status === "complete", ...(previous === undefined ? {} : { previous: previous.open }) },
    linkBaseOf(platform),
  );
  const tags = await currentTags(platform, run, resolved.digest);
  const running = await servicesRunning(platform.table, [
    resolved.digest,
    ...resolved.images.map(({ digest }) => digest),
  ]);
  const name = displayName(request, tags, resolved.digest);
  const report: Report = {
    ...reportHead(run, { name, digest: resolved.digest, tags, running }),
    status,
    problems: totals.problems,
    ...summary,
    ...(previous === undefined
      ? {}
      : { comparedWith: `the previous image of this tag, ${previous.image.digest.slice(0, 19)}` }),
    warnings: warningsOf(run, quiet),
    endedAt: new Date(platform.clock.now()).toISOString(),
  };
  return { report, digest: resolved.digest };
}

type Candidate = ResolvedImage["images"][number];

/** One platform. A permanent failure is noted on it and does not stop the others. */
async function scanOne(run: Run, resolved: ResolvedImage, candidate: Candidate, vex: VexContext): Promise<Totals> {
  const { platform, request } = run;
  const image = imageIn(request, candidate.digest);
  const running = await servicesRunning(platform.table, [candidate.digest, resolved.digest]);
  const parent = resolved.kind === "index" ? { parent: resolved.digest } : {};
  const known: Partial<ImageRecord> = { kind: "image", platform: formatPlatform(candidate.platform), ...parent };
  const inspected = await inspect(run, candidate, vex);
  const totals = noTotals();
  if (inspected instanceof PermanentError) {
    totals.problems.push({ code: inspected.code, message: inspected.message.slice(0, 500) });
    await settleFailure(run, image, running, totals);
    await noteImage(run, image, totals, known);
    return totals;
  }
  const { opened, inspection } = inspected;
  totals.packages = inspection.inventory.packages.length;
  totals.partial = isPartial(inspection.inventory, inspection.match);
  await recordPresence(platform.table, image, true, request.cause.time);
  await indexImage(platform, image, inspection.inventory, inventoryKey(image.digest));
  const observations = observe(inspection.inventory, inspection.match, inspection.vexRemarks);
  await settle(run, image, running, observations, totals);
  const { mediaType } = opened;
  await noteImage(run, image, totals, { ...known, mediaType, platform: formatPlatform(opened.platform) });
  return totals;
}

/** What is in one image, or why that cannot be known. */
async function inspect(
  run: Run,
  candidate: Candidate,
  vex: VexContext,
): Promise<{ readonly opened: Image; readonly inspection: Inspection } | PermanentError> {
  const { advisories, platform, name } = run;
  try {
    const opened = await candidate.open();
    const inspected = await inspectImage(opened, {
      blobs: platform.blobs,
      advisories,
      vex,
      log: platform.log,
      onBytes: (done, total) => platform.progress.report(`scanning ${name}`, done, total),
    });
    const inspection = await withBase(run, inspected);
    platform.log.info("image inspected", {
      image: name,
      platform: formatPlatform(opened.platform),
      packages: inspection.inventory.packages.length,
      vulnerabilities: inspection.match.vulnerabilities.length,
      cached: inspection.cached,
      inventoryMs: inspection.milliseconds.inventory,
      matchingMs: inspection.milliseconds.matching,
    });
    return { opened, inspection };
  } catch (error) {
    if (error instanceof PermanentError) return error;
    throw error;
  }
}

async function vexContext(run: Run, resolved: ResolvedImage, source: ImageSource): Promise<VexContext> {
  const { platform, request, vex } = run;
  const { registry, repository } = request;
  const tags = await currentTags(platform, run, resolved.digest);
  const references = [{ registry, repository }, ...tags.map((tag) => ({ registry, repository, tag }))];
  return { settings: platform.settings.vex, supply: vex, source, resolved, references, remember: platform.blobs };
}

/** With the base image told that images seen before reveal; this image is then known to the next ones. */
async function withBase({ platform, request }: Run, inspection: Inspection): Promise<Inspection> {
  const chains = knownChainsIn(platform.table);
  const inventory = await withKnownBase(inspection.inventory, chains);
  const tag = request.tags[0];
  const name = tag === undefined ? undefined : `${repositoryName(request)}:${tag}`;
  const diffIds = inventory.layers.map(({ diffId }) => diffId);
  await chains.remember({ digest: inventory.digest, diffIds, ...(name === undefined ? {} : { name }) });
  return { ...inspection, inventory };
}

/** The index itself: it has a finding when one of its images could not be scanned. */
async function settleIndex(run: Run, resolved: ResolvedImage, totals: Totals): Promise<void> {
  const { platform, request } = run;
  const index = imageIn(request, resolved.digest);
  const running = await servicesRunning(platform.table, [resolved.digest]);
  await recordPresence(platform.table, index, true, request.cause.time);
  if (totals.problems.length > 0) await settleFailure(run, index, running, totals);
  else await settle(run, index, running, [], totals);
  const { mediaType } = resolved;
  const children = resolved.images.map(({ digest }) => digest);
  const attestations = resolved.attestations.map(({ digest }) => digest);
  const known = { kind: "index" as const, mediaType, children, attestations };
  await noteImage(run, index, totals, known, resolved.images.length);
}

async function currentTags(platform: ScanPlatform, { request }: Run, digest: string): Promise<string[]> {
  const known = (await tagsOfRepository(platform.table, request)).get(digest) ?? [];
  const named = request.digest === undefined ? request.tags : [];
  return [...new Set([...named, ...known])].sort().slice(0, 100);
}

/** Of one report: the files are the same for every image. */
const vexWarnings = 5;

function warningsOf({ advisories, platform, vex }: Run, quiet: number): string[] {
  const warnings = [...advisoryWarnings(advisories.age(), platform.settings.advisories, platform.clock.now())];
  if (quiet > 0) {
    const what = "more matches on kernel headers, unimportant or vendor-patched packages, or said not to matter (VEX),";
    warnings.push(`${quiet} ${what} are recorded, not listed here`);
  }
  for (const { detail, subject } of vex.remarks.slice(0, vexWarnings))
    warnings.push(`VEX not used: ${detail} (${subject})`);
  if (vex.remarks.length > vexWarnings) warnings.push(`and ${vex.remarks.length - vexWarnings} more about VEX files`);
  return warnings;
}
