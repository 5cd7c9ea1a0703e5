/** The end of an assessment: the watch, the drift record and the events, all or nothing. */

import { createHash } from "node:crypto";
import type { ToldChange } from "../drift/deviations.ts";
import { explainedPut, recordId, recordPut } from "../drift/records.ts";
import { outboxWrite } from "../events/outbox.ts";
import type { DomainEvent } from "../events/types.ts";
import type { Report } from "../findings/report.ts";
import { TransientError } from "../platform/errors.ts";
import type { Put, Write } from "../platform/ports.ts";
import type { Ending, Run } from "./run.ts";
import { getWatch, listKey, pickRef, type Watch, watchPut } from "./watch.ts";

const attempts = 20;
/** Earlier records that one assessment explains: a transaction has room for 100 writes. */
const explainedRecords = 20;
/** What is remembered of a cluster that is gone. */
const goneRetentionSeconds = 30 * 86_400;

/** Marks the assessment done and emits its events. `false`: another assessment has taken over, nothing was written. */
export async function commitAssessment(run: Run, ending: Ending, report: Report): Promise<boolean> {
  const events = [assessedEvent(run, report), ...scanEvents(run, ending)];
  const now = run.platform.clock.now();
  const writes: Write[] = [
    ...(await driftWrites(run, ending)).map((put) => ({ put })),
    ...events.map((event) => outboxWrite(event, now)),
  ];
  const gone = ending.assessment.status === "gone";
  return commit(run, (watch) => ({ ...watch, assessment: run.id }), { gone, writes });
}

/** Marks the hints as answered by a read that changed nothing. */
export async function commitUnchanged(run: Run, { gone = false } = {}): Promise<boolean> {
  return commit(run, (watch) => watch, { gone, writes: [] });
}

interface Commit {
  readonly gone: boolean;
  readonly writes: readonly Write[];
}

/** Hints may have been noted meanwhile: they stay pending. Throws `TransientError("cluster-conflict")`. */
async function commit(run: Run, change: (watch: Watch) => Watch, { gone, writes }: Commit): Promise<boolean> {
  const { platform, watch: covered } = run;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const before = await getWatch(platform.table, covered);
    if (before === undefined || before.watch.lease?.by !== run.holder || before.watch.salt !== covered.salt)
      return false;
    const { lease: _lease, ...released } = before.watch;
    const watch = change({ ...released, assessed: covered.generation, readAt: run.readAt });
    const expiresAt = Math.floor(platform.clock.now() / 1000) + goneRetentionSeconds;
    const list: Write = gone ? { remove: listKey(covered) } : { put: { ...listKey(covered), data: pickRef(covered) } };
    const put = { ...watchPut(before, watch), ...(gone ? { expiresAt } : {}) };
    const { written } = await platform.table.transact([{ put }, list, ...writes]);
    if (written) return true;
  }
  throw new TransientError("cluster-conflict", `${covered.cluster} is being written by others`);
}

function assessedEvent(run: Run, report: Report): DomainEvent {
  const { provider, account, region, cluster } = run.watch;
  return {
    type: "ClusterAssessed",
    id: `cluster-assessed:${run.id}`,
    time: report.endedAt,
    data: {
      assessmentId: run.id,
      provider,
      account,
      region,
      cluster,
      introduced: report.introduced.length,
      fixed: report.fixed.length,
    },
  };
}

function scanEvents(run: Run, { scans }: Ending): DomainEvent[] {
  return scans.map(({ registry, repository, digest }) => ({
    type: "ScanRequested",
    id: `scan-requested:${hash([run.id, registry, repository, digest])}`,
    time: run.readAt,
    data: { registry, repository, digest, reason: "running-unscanned", requestedBy: run.watch.cluster },
  }));
}

/** The record of what changed, and authors found for earlier ones. */
async function driftWrites(run: Run, { drift, assessment }: Ending): Promise<Put[]> {
  if (drift === undefined) return [];
  const scope = run.watch.cluster;
  const puts: Put[] = [];
  const byRecord = Map.groupBy(drift.explained, ({ record }) => record);
  for (const [record, explained] of [...byRecord].slice(0, explainedRecords)) {
    const changes = explained.map(({ change }): ToldChange => change);
    const put = await explainedPut(run.platform.table, scope, record, changes);
    if (put !== undefined) puts.push(put);
  }
  const before = run.previous?.current;
  const after = assessment.current;
  if (drift.changes.length > 0 && before !== undefined && after !== undefined) {
    const since = run.watch.readAt;
    puts.push(
      recordPut({
        id: recordId(run.readAt, run.id),
        scope,
        detectedAt: run.readAt,
        ...(since === undefined ? {} : { since }),
        changes: [...drift.changes],
        before,
        after,
      }),
    );
  }
  return puts;
}

function hash(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
