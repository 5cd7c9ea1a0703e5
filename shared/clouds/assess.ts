/**
 * The re-read of a cluster: read, check, compare, record. Only one runs per cluster at a time (a lease on its watch),
 * its effects are idempotent by its id, and its end commits with its events, so that it may be interrupted anywhere.
 */
import { createHash } from "node:crypto";
import { advanceDrift, type DriftState } from "../drift/advance.ts";
import { getCanonical, putCanonical } from "../drift/canonical.ts";
import type { Turned } from "../drift/deviations.ts";
import { canonicalEcs, valueHash } from "../drift/ecs.ts";
import { recordId } from "../drift/records.ts";
import type { Cause } from "../findings/types.ts";
import { recordRunning } from "../images/running.ts";
import type { ImageName } from "../images/types.ts";
import { checks } from "../posture/checks/registry.generated.ts";
import { type EcsPosture, failsInUse, postureOfEcs } from "../posture/ecs.ts";
import { type Assessment, getAssessment, putAssessment, sameFindings } from "./assessment.ts";
import { causeText, putClusterReport } from "./cluster-report.ts";
import { commitAssessment, commitUnchanged } from "./commit.ts";
import { unreadOf } from "./ecs-unread.ts";
import { observeCluster } from "./observe.ts";
import { reconcileObserved } from "./reconcile-observed.ts";
import type { AssessPlatform, Ending, Run } from "./run.ts";
import { type RunningImages, runningImages } from "./running.ts";
import type { EcsCluster } from "./types.ts";
import type { Watch } from "./watch.ts";

/** A scan that did not come to an end is asked for again after this long. */
const askAgainMilliseconds = 24 * 3_600_000;
/** Scans asked for by one assessment: they commit with it. */
const scansPerAssessment = 60;
const hashDigits = 8;

/** Assesses a cluster whose lease is held by `holder`. Returns what was found; `undefined` when nothing changed. */
export async function assessCluster(
  platform: AssessPlatform,
  watch: Watch,
  holder: string,
  recovering: boolean,
): Promise<Assessment | undefined> {
  const readAt = new Date(platform.clock.now()).toISOString();
  const cluster = await platform.ecs.read(watch.region, watch.cluster);
  const id = assessmentId(watch);
  const last = watch.assessment === undefined ? undefined : await getAssessment(platform, watch.assessment);
  const previous = last?.status === "gone" ? undefined : last;
  const cause: Cause = { id: `assessment:${id}`, kind: "assessment", time: readAt, detail: causeText(watch) };
  const run: Run = { platform, watch, holder, id, readAt, cause, previous, recovering };
  if (cluster === undefined) return assessGone(run, last);
  return assessRead(run, cluster);
}

/** The same hints of the same cluster always lead to the same assessment. 32 hex digits. */
function assessmentId(watch: Watch): string {
  const identity = JSON.stringify([watch.cluster, watch.salt, watch.generation]);
  return createHash("sha256").update(identity).digest("hex").slice(0, 32);
}

async function assessRead(run: Run, cluster: EcsCluster): Promise<Assessment | undefined> {
  const { platform, watch, previous, readAt } = run;
  const context = { hash: (value: string) => valueHash(watch.salt, value, hashDigits) };
  const posture = postureOfEcs(cluster, checks, context);
  const drift = advanceDrift(await driftState(run), {
    now: canonicalEcs(cluster, watch.salt),
    readAt,
    hints: watch.hints,
    record: recordId(readAt, run.id),
    unread: isUnread(cluster.unread),
    wasUnread: isUnread(previous?.unread ?? []),
    turned: turnedChecks(posture, previous),
  });
  const running = runningImages(cluster);
  const observed = observeCluster({
    cluster: { resource: { type: "ecs-cluster", id: cluster.arn }, name: cluster.name },
    postures: posture.postures,
    deviations: drift.state.deviations,
    unread: cluster.unread,
    unknownImages: running.unknown,
    previous: previous?.resources ?? [],
    readAt,
    isUnread: isUnread(cluster.unread),
  });
  const scans = await noteRunning(run, running, cluster);
  return finish(run, {
    observed,
    drift,
    scans,
    running,
    assessment: {
      schema: "portwarden.assessment/1",
      id: run.id,
      cluster: { provider: watch.provider, account: watch.account, region: watch.region, cluster: watch.cluster },
      status: cluster.unread.length > 0 ? "partial" : "complete",
      readAt,
      unread: cluster.unread.map(({ what, why }) => ({ what, why })),
      results: [...posture.records],
      resources: observed
        .filter(({ observations }) => observations.length > 0)
        .map(({ resource, name, observations }) => ({ resource, name, observations: [...observations] })),
      baseline: await putCanonical(platform.blobs, drift.state.baseline),
      current: await putCanonical(platform.blobs, drift.state.current),
      deviations: [...drift.state.deviations],
      recent: [...drift.state.recent],
      running: running.images.map((image) => ({ ...image, services: [...image.services] })),
      scansRequested: scansRequested(run, scans),
    },
  });
}

async function finish(run: Run, ending: Ending): Promise<Assessment | undefined> {
  const { platform, previous, recovering } = run;
  const { assessment } = ending;
  if (previous !== undefined && !recovering && sameFindings(previous, assessment)) {
    await commitUnchanged(run);
    platform.log.debug("cluster re-read, nothing changed", { cluster: run.watch.cluster });
    return undefined;
  }
  const outcome = await reconcileObserved(run, ending.observed);
  await putAssessment(platform, assessment);
  const report = await putClusterReport(run, ending, outcome);
  const committed = await commitAssessment(run, ending, report);
  if (!committed) {
    platform.log.warn("another assessment of the cluster took over", { cluster: run.watch.cluster });
    return undefined;
  }
  platform.metrics.count("assessments", 1, { status: assessment.status });
  platform.log.info("cluster assessed", {
    cluster: run.watch.cluster,
    status: assessment.status,
    new: report.introduced.length,
    fixed: report.fixed.length,
    changes: ending.drift?.changes.length ?? 0,
    unscanned: ending.scans.length,
  });
  return assessment;
}

/** A cluster that is gone has no findings and runs nothing. One that was never seen leaves no trace. */
async function assessGone(run: Run, last: Assessment | undefined): Promise<Assessment | undefined> {
  const { platform, watch, previous, readAt } = run;
  if (previous === undefined && !run.recovering) {
    await commitUnchanged(run, { gone: true });
    return undefined;
  }
  const { resources = [] } = previous ?? last ?? {};
  const nothing = { digests: new Map(), references: new Map() };
  await recordRunning(platform, { scope: watch.cluster, ...nothing, cause: run.cause });
  return finish(run, {
    observed: resources.map(({ resource, name }) => ({ resource, name, observations: [], skipped: false })),
    scans: [],
    assessment: {
      schema: "portwarden.assessment/1",
      id: run.id,
      cluster: { provider: watch.provider, account: watch.account, region: watch.region, cluster: watch.cluster },
      status: "gone",
      readAt,
      unread: [],
      results: [],
      resources: [],
      deviations: [],
      recent: [],
      running: [],
      scansRequested: [],
    },
  });
}

async function driftState({ platform, previous, watch }: Run): Promise<DriftState | undefined> {
  if (previous?.baseline === undefined || previous.current === undefined) return undefined;
  const { deviations, recent } = previous;
  const readAt = watch.readAt ?? previous.readAt;
  const baseline = await getCanonical(platform.blobs, previous.baseline);
  return { baseline, current: await getCanonical(platform.blobs, previous.current), deviations, recent, readAt };
}

/** Checks that fail in what a resource uses now, and did not in what it used at the last read. */
function turnedChecks(posture: EcsPosture, previous: Assessment | undefined): (resource: string) => Turned[] {
  return (id) => {
    const before = previous?.resources.find(({ resource }) => resource.id === id)?.observations ?? [];
    const failed = new Set(before.filter(failsInUse).map(({ rule, subject }) => JSON.stringify([rule, subject])));
    const now = posture.postures.find(({ resource }) => resource.id === id)?.observations ?? [];
    const turned = now.filter((one) => failsInUse(one) && !failed.has(JSON.stringify([one.rule, one.subject])));
    return [...new Map(turned.map(({ rule, severity }) => [rule, { check: rule, severity }])).values()];
  };
}

function isUnread(entries: Assessment["unread"] | EcsCluster["unread"]): (resource: string) => boolean {
  const unread = unreadOf(entries);
  return (resource) => unread.service(resource) !== undefined;
}

/** Tells the images where they run; returns those to be scanned that were not asked for lately. */
async function noteRunning(run: Run, running: RunningImages, cluster: EcsCluster): Promise<readonly ImageName[]> {
  // What runs is not known when tasks could not be read: the last knowledge stays.
  if (unreadOf(cluster.unread).tasks !== undefined) return [];
  const { unscanned } = await recordRunning(run.platform, {
    scope: cluster.arn,
    digests: new Map(running.images.map(({ digest, services }) => [digest, services])),
    references: new Map(running.images.flatMap(({ digest, reference }) => (reference ? [[digest, reference]] : []))),
    cause: run.cause,
  });
  const asked = new Map((run.previous?.scansRequested ?? []).map(({ image, at }) => [image, Date.parse(at)]));
  const now = Date.parse(run.readAt);
  const due = unscanned.filter((image) => now - (asked.get(imageName(image)) ?? 0) >= askAgainMilliseconds);
  return due.slice(0, scansPerAssessment);
}

function scansRequested(run: Run, scans: readonly ImageName[]): Assessment["scansRequested"] {
  const now = Date.parse(run.readAt);
  const kept = (run.previous?.scansRequested ?? []).filter(({ at }) => now - Date.parse(at) < askAgainMilliseconds);
  return [...kept, ...scans.map((image) => ({ image: imageName(image), at: run.readAt }))];
}

function imageName({ registry, repository, digest }: ImageName): string {
  return `${registry}/${repository}@${digest}`;
}
