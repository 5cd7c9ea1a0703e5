import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, PermanentError, TransientError } from "../../platform/errors.ts";
import type { Platform } from "../../platform/ports.ts";
import { ecosystemFamily } from "../ecosystems.ts";
import { feeds } from "../registry.generated.ts";
import type { AdvisorySettings } from "../settings.ts";
import { documentsBelow } from "../sources/files.ts";
import { dueParts, isDirectoryDue } from "./due.ts";
import { enabledParts, type Fetching, fetchPart, type SourcePart } from "./fetch-feeds.ts";
import { createIntake, filesPart, type Intake, takeIn } from "./intake.ts";
import { type Published, resultOf, type UpdateResult } from "./result.ts";
import { presentManifest, settle } from "./settle.ts";
import type { Outcomes } from "./turnover.ts";

export type { UpdateResult } from "./result.ts";
export type UpdatePorts = Pick<Platform, "blobs" | "clock" | "log" | "progress">;

/** One update under way. */
interface Update extends Omit<Fetching, "intake" | "ports"> {
  readonly ports: UpdatePorts;
  /** Unix milliseconds. */
  readonly deadline: number | undefined;
  /** Sources that were read not long ago are left alone: when all the others fail, that is not everything. */
  readonly isPartial: boolean;
  /** What is known to be withdrawn, of all parts. */
  readonly withdrawn: Set<string>;
}

/**
 * A new set is published when so many characters wait in the temporary directory, and with a deadline also after so
 * long: what was read stays read when the process is ended.
 */
const batchCharacters = 1_500_000_000;
const batchMilliseconds = 150_000;

/**
 * Fills or refreshes the advisory store: from `from`, a directory or file of advisories on this machine or the
 * `http(s):` base URL of an export laid out as OSV's; without it from `settings.upstream` and every enabled feed. It
 * replaces what the sources that were read had; the others stay as they are, also those that another builder changes
 * meanwhile. A new set becomes visible as a whole; a large update publishes several, each of whole sources.
 *
 * Throws `TransientError("advisories-unreachable")` when nothing could be fetched, `PermanentError` for a source that
 * is missing, broken or without advisories; the present set then stays in use.
 */
export async function updateAdvisories(
  ports: UpdatePorts,
  settings: AdvisorySettings,
  from?: string,
): Promise<UpdateResult> {
  const source = from ?? settings.upstream;
  return await inUpdate(ports, settings, undefined, async (update) => {
    if (!isUrl(source)) return await readFiles(update, source);
    if (from === undefined) return await readUpstreams(update, enabledParts(settings));
    // Only the export there.
    const others = Object.fromEntries(feeds.map(({ name }) => [name, { enabled: name === "osv" }]));
    const chosen = { ...settings, upstream: from, feeds: others };
    return await readUpstreams({ ...update, settings: chosen }, enabledParts(chosen));
  });
}

/**
 * The same for the sources alone whose turn it is (`settings.everyHours`); `undefined` when there is none. Reads nothing
 * more after `deadline` (Unix milliseconds): what was read until then is published, and the sources that are left are
 * the first at the next turn. Throws as `updateAdvisories` when every source was asked, and failed.
 */
export async function updateDueAdvisories(
  ports: UpdatePorts,
  settings: AdvisorySettings,
  deadline?: number,
): Promise<UpdateResult | undefined> {
  return await inUpdate(ports, settings, deadline, async (update) => {
    const { upstream } = settings;
    const now = ports.clock.now();
    if (!isUrl(upstream)) return isDirectoryDue(settings, update.before, now) ? readFiles(update, upstream) : undefined;
    const parts = dueParts(settings, update.before, now);
    if (parts.length === 0) return undefined;
    return await readUpstreams({ ...update, isPartial: parts.length < enabledParts(settings).length }, parts);
  });
}

const isUrl = (source: string) => /^https?:\/\//.test(source);

async function inUpdate<Result>(
  ports: UpdatePorts,
  settings: AdvisorySettings,
  deadline: number | undefined,
  run: (update: Update) => Promise<Result>,
): Promise<Result> {
  const before = await presentManifest(ports);
  const directory = await mkdtemp(join(tmpdir(), "portwarden-advisories-"));
  const limit = timeLimit(ports, deadline);
  const withdrawn = new Set<string>();
  try {
    return await run({
      ports,
      settings,
      directory,
      before,
      deadline,
      signal: limit.signal,
      isPartial: false,
      withdrawn,
    });
  } finally {
    limit.end();
    await rm(directory, { recursive: true, force: true });
  }
}

/** A signal that is aborted at the deadline. */
function timeLimit({ clock }: UpdatePorts, deadline: number | undefined) {
  if (deadline === undefined) return { signal: undefined, end: () => undefined };
  const controller = new AbortController();
  const over = new TransientError("advisories-out-of-time", "the time of the turn was over before it was read");
  const timer = setTimeout(() => controller.abort(over), Math.max(0, deadline - clock.now()));
  return { signal: controller.signal, end: () => clearTimeout(timer) };
}

/** With a spool of its own, which is removed afterwards. */
async function withIntake<Result>(update: Update, use: (intake: Intake) => Promise<Result>): Promise<Result> {
  const spool = await mkdtemp(join(update.directory, "spool-"));
  try {
    return await use(createIntake(spool, update.withdrawn));
  } finally {
    await rm(spool, { recursive: true, force: true });
  }
}

/** A directory, or one file. */
async function readFiles(update: Update, from: string): Promise<UpdateResult> {
  const { ports, settings } = update;
  const path = from.startsWith("file://") ? new URL(from).pathname : from;
  const wanted = new Set(settings.ecosystems);
  const at = new Date(ports.clock.now()).toISOString();
  return await withIntake(update, async (intake) => {
    const documents = documentsBelow(path, (done, total) => ports.progress.report("advisories", done, total));
    const wants = (ecosystem: string) => wanted.has(ecosystemFamily(ecosystem));
    await takeIn(intake, documents, { wants, part: filesPart, signal: update.signal });
    const read = [...intake.sources].filter(([, { records }]) => records > 0);
    if (read.length === 0) {
      throw new PermanentError(
        "advisories-none-found",
        `${from} has no advisories of the ecosystems ${settings.ecosystems.join(", ")}. ${stays(update)}`,
      );
    }
    const outcomes: Outcomes = new Map(
      read.map(([source]) => {
        const [feed = "", ...part] = source.split("/");
        const outcome = {
          state: "updated",
          at,
          feed,
          part: part.join("/"),
          extent: "whole",
          from,
          cursors: {},
        } as const;
        return [source, { ...outcome, removed: new Set<string>() }] as const;
      }),
    );
    const manifest = await settle({ ...update, intake }, outcomes);
    return resultOf(update, [{ ...intake, manifest, outcomes }], []);
  });
}

async function readUpstreams(update: Update, parts: readonly SourcePart[]): Promise<UpdateResult> {
  const published: Published[] = [];
  let rest = parts;
  /** Those that failed, until something is published with which that is told. */
  let failed: Outcomes = new Map();
  do {
    const batch = await readBatch(update, rest, failed, published.length > 0);
    if (batch.published !== undefined) published.push(batch.published);
    ({ rest, failed } = batch);
  } while (rest.length > 0 && !isOver(update));
  if (published.length > 0) {
    tellFailures(update, published);
    return resultOf(update, published, rest);
  }
  const [first] = [...failed.values()].flatMap((outcome) => (outcome.state === "failed" ? [outcome] : []));
  throw unreachable(update, first?.from ?? update.settings.upstream, first?.error ?? update.signal?.reason);
}

/** One line for all of them: without a network there are a hundred. The set's sources tell each. */
function tellFailures({ ports }: Update, published: readonly Published[]): void {
  const failed = published.flatMap(({ outcomes }) =>
    [...outcomes].flatMap(([source, outcome]) => (outcome.state === "failed" ? [{ source, outcome }] : [])),
  );
  const [first] = failed;
  if (first === undefined) return;
  ports.log.warn("some feeds were not updated", {
    count: failed.length,
    first: first.source,
    error: messageOf(first.outcome.error),
  });
}

function isOver({ ports, deadline, signal }: Update): boolean {
  return signal?.aborted === true || (deadline !== undefined && ports.clock.now() >= deadline);
}

interface Batch {
  readonly published: Published | undefined;
  readonly rest: readonly SourcePart[];
  readonly failed: Outcomes;
}

/** Fetches parts until enough of them wait, and publishes them. */
async function readBatch(
  update: Update,
  parts: readonly SourcePart[],
  failedBefore: Outcomes,
  hasPublished: boolean,
): Promise<Batch> {
  const { clock } = update.ports;
  const until = update.deadline === undefined ? Number.POSITIVE_INFINITY : clock.now() + batchMilliseconds;
  return await withIntake(update, async (intake): Promise<Batch> => {
    const outcomes = new Map(failedBefore);
    let next = 0;
    for (const part of parts) {
      if (isOver(update) || (next > 0 && (clock.now() >= until || intake.spool.size() >= batchCharacters))) break;
      outcomes.set(part.name, await fetchPart({ ...update, intake }, part));
      next++;
    }
    const rest = parts.slice(next);
    const isLast = rest.length === 0 || isOver(update);
    // That everything failed is an error and not told in a set; that the first of them took all the time is.
    const isTold = update.isPartial || hasPublished || (rest.length > 0 && update.before !== undefined);
    if (outcomes.size === 0 || (isFailure(outcomes) && !(isLast && isTold))) {
      const failed = new Map([...outcomes].filter(([, { state }]) => state === "failed"));
      return { published: undefined, rest, failed };
    }
    const manifest = await settle({ ...update, intake }, outcomes);
    const { files, quarantined } = intake;
    return { published: { manifest, outcomes, files, quarantined }, rest, failed: new Map() };
  });
}

/** Whether nothing came of it; the catalogue of exploited vulnerabilities alone is nothing. */
function isFailure(outcomes: Outcomes): boolean {
  const advisories = [...outcomes].filter(([name]) => name !== "kev");
  return advisories.length > 0 && advisories.every(([, { state }]) => state === "failed");
}

function stays(update: Update): string {
  const { before, ports } = update;
  if (before === undefined) return "The store is empty.";
  const days = Math.floor((ports.clock.now() - Date.parse(before.updatedAt)) / 86_400_000);
  return `The present advisories of ${before.updatedAt} (${days} days old) stay in use.`;
}

function unreachable(update: Update, base: string, cause: unknown): Error {
  const message =
    `no advisories could be fetched from ${base} (${messageOf(cause)}). ${stays(update)} ` +
    `Without a network, copy an export here and run "portwarden advisories update --from <directory or zip>".`;
  return cause instanceof PermanentError
    ? new PermanentError(cause.code, message, { cause })
    : new TransientError("advisories-unreachable", message, { cause });
}
