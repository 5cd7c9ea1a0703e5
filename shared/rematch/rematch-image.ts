/** One image, matched again from its stored inventory: only the packages that the change is about. */
import type { Advisories } from "../advisories/set/store.ts";
import { type Reconciled, reconcile } from "../findings/reconcile.ts";
import type { ReportedFinding } from "../findings/report.ts";
import type { Cause, Finding } from "../findings/types.ts";
import { imageKey, imageResource, presenceKey } from "../images/keys.ts";
import { servicesRunning } from "../images/running.ts";
import { presenceOf, readImageRecord, tagsOfRepository, updateImage } from "../images/store.ts";
import type { ImageName, ImageRecord } from "../images/types.ts";
import { withOrigins } from "../inventory/base-image.ts";
import type { Inventory } from "../inventory/types.ts";
import { matchInventory } from "../matching/match.ts";
import type { EndOfSupport, MatchResult } from "../matching/types.ts";
import { PermanentError } from "../platform/errors.ts";
import type { Item, Platform } from "../platform/ports.ts";
import { endOfSupportRule, isMatched, notEvaluatedRule, observe } from "../scanning/observe.ts";
import { isQuiet, reported } from "../scanning/report.ts";
import { linkBaseOf, openBySeverity, scannedKinds } from "../scanning/run.ts";
import { inventoryAt } from "../scanning/stored-inventory.ts";
import { withStoredVex } from "../scanning/with-vex.ts";
import type { VexSupply } from "../vex/supply.ts";
import type { Change } from "./change.ts";
import type { BatchedImage } from "./documents.ts";
import { type Indexed, readIndexed, unindexImage } from "./index-image.ts";
import { indexedKey } from "./keys.ts";
import { namesOfPackage } from "./names.ts";

export type RematchPorts = Pick<Platform, "table" | "blobs" | "bus" | "clock" | "log" | "metrics" | "settings">;

export interface RematchInput {
  readonly image: ImageName;
  /** Loose names of packages by type; absent: all. */
  readonly names: BatchedImage["names"];
  readonly change: Change;
  /** The set in use. */
  readonly advisories: Advisories;
  /** From the files that the settings name. */
  readonly vex: VexSupply;
}

export interface ImageOutcome {
  readonly image: ImageName;
  /** It left the registry and runs nowhere, or was scanned when there were no advisories and is scanned anyhow. */
  readonly skipped: boolean;
  readonly problem?: { readonly code: string; readonly message: string };
  readonly introduced: readonly ReportedFinding[];
  readonly fixed: readonly ReportedFinding[];
  /** Open before, and now known to be exploited. */
  readonly escalated: readonly ReportedFinding[];
  /** Introduced, but not for messages. */
  readonly quiet: number;
}

/** What the table knows of an image, read at once. */
interface Known {
  readonly record: ImageRecord | undefined;
  readonly present: boolean | undefined;
  /** Since when, ISO 8601. */
  readonly presenceTime: string | undefined;
  readonly indexed: Indexed | undefined;
}

/** Images that have been gone so long are no longer found. */
const forgottenMilliseconds = 30 * 86_400_000;

/**
 * Makes the findings of an image what the set in use says of the packages that are named. Findings about others stay as
 * they are; so does what could not be judged, unless the change is about that: then the image is matched as a whole.
 */
export async function rematchImage(ports: RematchPorts, input: RematchInput): Promise<ImageOutcome> {
  const { image, change } = input;
  const known = await knownOf(ports, image);
  const parents = known.record?.parent === undefined ? [] : [known.record.parent];
  const running = await servicesRunning(ports.table, [image.digest, ...parents]);
  if (known.present === false && running.length === 0 && !change.gone) {
    const since = known.presenceTime === undefined ? Number.NaN : Date.parse(known.presenceTime);
    if (ports.clock.now() - since > forgottenMilliseconds) await unindexImage(ports.table, image);
    return outcome(image, { skipped: true });
  }
  if (known.record?.scan?.advisories === "none") return outcome(image, { skipped: true });
  const inventory = known.indexed && (await inventoryAt(ports.blobs, known.indexed.inventory, image.digest, ports.log));
  if (known.indexed === undefined || inventory === undefined) return askForScan(ports, input);
  try {
    const changes = await settle(ports, input, known, withBase(inventory, known.indexed), running);
    return await told(ports, input, known, changes);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    const { id } = imageResource(image);
    ports.log.warn("an image could not be matched again", { image: id, code: error.code, reason: error.message });
    const message = `${id}: ${error.message}`.slice(0, 500);
    return outcome(image, { problem: { code: error.code, message } });
  }
}

async function knownOf({ table }: RematchPorts, image: ImageName): Promise<Known> {
  const items = await table.batchGet([imageKey(image), presenceKey(image), indexedKey(image)]);
  const find = ({ sk }: { readonly sk: string }): Item | undefined => items.find((item) => item.sk === sk);
  const record = find(imageKey(image));
  const presence = find(presenceKey(image));
  return {
    record: record === undefined ? undefined : readImageRecord(record),
    present: presence === undefined ? undefined : presenceOf(presence),
    presenceTime: presence?.time?.slice(0, 19).concat("Z"),
    indexed: readIndexed(find(indexedKey(image))),
  };
}

/** The origin of packages is told as at the scan, without asking again for the images that reveal it. */
function withBase(inventory: Inventory, { baseLayers }: Indexed): Inventory {
  if (baseLayers === undefined) return inventory;
  return withOrigins({ ...inventory, baseImage: { evidence: [], ...inventory.baseImage, layers: baseLayers } });
}

/** Nothing is stored of what it holds: a scan reads it, as for a push. */
async function askForScan({ bus, clock }: RematchPorts, { image, change }: RematchInput): Promise<ImageOutcome> {
  await bus.publish([
    {
      type: "ScanRequested",
      id: `rematch:${change.id}:${imageResource(image).id}`.slice(0, 256),
      time: new Date(clock.now()).toISOString(),
      data: { ...image, reason: "advisories-changed", requestedBy: "advisories" },
    },
  ]);
  return outcome(image, { skipped: true });
}

async function settle(
  ports: RematchPorts,
  input: RematchInput,
  { record }: Known,
  inventory: Inventory,
  running: readonly string[],
): Promise<Reconciled> {
  const { image, names, change, advisories } = input;
  const resource = imageResource(image);
  const judged = async (part?: Inventory["packages"]) =>
    withStoredVex(await matchInventory(inventory, advisories, part), inventory, {
      ...ports,
      supply: input.vex,
      references: await referencesOf(ports, input),
      ...(record?.parent !== undefined && { parent: record.parent }),
    });
  const wholly = async () => {
    const { match, remarks } = await judged();
    const observations = observe(inventory, match, remarks);
    return reconcile(ports, { resource, kinds: scannedKinds, observations, cause: causeOf(change, match), running });
  };
  if (names === undefined) return wholly();
  const packages = inventory.packages.filter((item) => {
    const wanted = names[item.type];
    return wanted !== undefined && namesOfPackage(item).some((name) => wanted.includes(name));
  });
  const part = { ...inventory, packages };
  const { match } = await judged(packages);
  const purls = new Set(packages.map(({ purl }) => purl.slice(0, 1024)));
  const changes = await reconcile(ports, {
    resource,
    kinds: scannedKinds,
    observations: observe(part, match).filter(isMatched),
    judges: (finding) => isMatched(finding) && purls.has(finding.subject),
    cause: causeOf(change, match),
    running,
  });
  return sameBlindness(changes.open, match, purls) ? changes : wholly();
}

/** Tags are read only where there is a statement that could be about one. */
async function referencesOf({ table }: RematchPorts, { image, vex }: RematchInput) {
  const { registry, repository, digest } = image;
  const tags = vex.statements.length === 0 ? [] : ((await tagsOfRepository(table, image)).get(digest) ?? []);
  return [{ registry, repository }, ...tags.map((tag) => ({ registry, repository, tag }))];
}

function isAbout({ kind, rule, subject }: Finding, ended: EndOfSupport): boolean {
  return kind === "coverage" && rule === endOfSupportRule(ended) && subject === ended.subject.slice(0, 1024);
}

/** Whether what could not be judged of these packages, or is out of support, is what was found before. */
function sameBlindness(open: readonly Finding[], match: MatchResult, purls: ReadonlySet<string>): boolean {
  if (match.endOfSupport?.some((ended) => !open.some((finding) => isAbout(finding, ended))) === true) return false;
  const now = new Set(match.notEvaluated.map(({ reason }) => notEvaluatedRule(reason)));
  const before = open.filter(({ kind, rule }) => kind === "coverage" && rule.startsWith(notEvaluatedRule("")));
  const rules = new Set(before.map(({ rule }) => rule));
  if ([...now].some((rule) => !rules.has(rule))) return false;
  return !before.some(({ rule, evidence }) => {
    const { examples } = evidence;
    return (
      !now.has(rule) && Array.isArray(examples) && examples.some((one) => typeof one === "string" && purls.has(one))
    );
  });
}

/** The timeline names the shards that were asked, so that it can be told later what was known then. */
function causeOf(change: Change, match: MatchResult): Cause {
  const shards = new Set(match.vulnerabilities.map(({ evidence }) => evidence.shard));
  const changed = change.shards.flatMap(({ name, hash }) => (hash === undefined ? [] : [[name, hash] as const]));
  const named = changed.filter(([, hash]) => shards.has(hash));
  const text = (named.length > 0 ? named : changed).map(([name, hash]) => `${name} ${hash.slice(0, 16)}`);
  const detail = `advisories ${match.advisories.set.slice(0, 16)}${text.length > 0 ? ` (${text.join(", ")})` : ""}`;
  return { id: `rematch:${change.id}`, kind: "advisories", time: change.time, detail: detail.slice(0, 512) };
}

async function told(
  ports: RematchPorts,
  { image, change }: RematchInput,
  { record }: Known,
  { introduced, fixed, open }: Reconciled,
): Promise<ImageOutcome> {
  const exploited = new Set(change.newlyExploited);
  const mine = open.filter(({ last }) => last.cause.id === `rematch:${change.id}`);
  const escalated = mine.filter(({ last, rule, evidence }) => {
    if (last.transition !== "changed" || exploited.size === 0) return false;
    const { aliases } = evidence;
    return [rule, ...(Array.isArray(aliases) ? aliases : [])].some(
      (name) => typeof name === "string" && exploited.has(name),
    );
  });
  if (record?.scan !== undefined && (mine.length > 0 || fixed.length > 0)) {
    const counts = openBySeverity(open);
    await updateImage(ports, image, (now) => {
      const current = now ?? record;
      return current.scan === undefined ? current : { ...current, scan: { ...current.scan, open: counts } };
    });
  }
  const linkBase = linkBaseOf(ports);
  const list = (findings: readonly Finding[]) =>
    findings
      .filter((finding) => !isQuiet(finding))
      .map((finding) => ({ ...reported(finding, linkBase), running: finding.running.length > 0 }));
  const loud = list(introduced);
  return outcome(image, {
    introduced: loud,
    fixed: list(fixed),
    escalated: list(escalated),
    quiet: introduced.length - loud.length,
  });
}

function outcome(image: ImageName, told: Partial<ImageOutcome>): ImageOutcome {
  return { image, skipped: false, introduced: [], fixed: [], escalated: [], quiet: 0, ...told };
}
