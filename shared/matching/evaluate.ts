/** What one shard entry says about one package. */
import { judgeRange } from "../advisories/ranges.ts";
import type { Affected, RangeEvent } from "../advisories/types.ts";
import type { Package } from "../inventory/types.ts";
import type { ParsedVersion, VersionScheme } from "../versions/types.ts";
import type { Ecosystem, Subject } from "./ecosystem.ts";
import { withoutEpoch } from "./subjects.ts";

export type Verdict =
  | { readonly kind: "affected"; readonly comparison: string; readonly fixed?: string }
  /**
   * `fixedAt`: the version is at or after one of the fixes, which is more than not being in a range. `elsewhere`: the
   * record is about other builds (another module stream, architecture, product), so it does not clear this one.
   */
  | { readonly kind: "unaffected"; readonly fixedAt?: string; readonly elsewhere?: true }
  /** It may be affected, and this is why it cannot be said. */
  | { readonly kind: "undecided"; readonly reason: string };

/** A package as it meets one ecosystem's advisories. */
export interface Candidate {
  readonly item: Package;
  readonly ecosystem: Ecosystem;
  readonly scheme: VersionScheme;
  readonly subject: Subject;
  /** `undefined`: the scheme cannot read it. */
  readonly version: ParsedVersion | undefined;
}

const unaffected: Verdict = { kind: "unaffected" };
const elsewhere: Verdict = { kind: "unaffected", elsewhere: true };

/** Judges a package against what a record says about its name. */
export function evaluate(candidate: Candidate, affected: Affected): Verdict {
  if (!isAbout(candidate, affected)) return elsewhere;
  const stream = judgeStream(candidate.item, affected.modules);
  if (stream === "other") return elsewhere;
  const told = affected.ranges ?? none;
  const ranges = rangesFor(candidate, told);
  if (ranges.length === 0 && told.length > 0) return elsewhere;
  const verdict = judgeVersion(candidate, affected, ranges);
  if (verdict.kind !== "affected") return verdict;
  if (stream !== "same") return { kind: "undecided", reason: stream.reason };
  return affected.state === "not-affected" && verdict.fixed === undefined ? unaffected : verdict;
}

/** Whether a record's word is about builds like this one, whatever their versions. */
function isAbout({ item, ecosystem }: Candidate, { binaries, arches, products }: Affected): boolean {
  if (binaries !== undefined && !binaries.includes(item.name)) return false;
  const { architecture } = item;
  // Packages for all architectures were built for each of them.
  const anywhere = architecture === undefined || architecture === "noarch";
  if (arches !== undefined && !anywhere && !arches.includes(architecture)) return false;
  return ecosystem.isFrom?.(item, products ?? []) ?? true;
}

type Ranges = readonly (readonly RangeEvent[])[];
const none: readonly never[] = [];

/** The ranges whose fixes are of the package's own flavour, and of its minor release where there are such. */
function rangesFor({ ecosystem, subject }: Candidate, ranges: Ranges): Ranges {
  const { flavour, minorRelease } = ecosystem;
  if (flavour === undefined && minorRelease === undefined) return ranges;
  const fixOf = (events: readonly RangeEvent[]) => events.findLast(([kind]) => kind === "fixed")?.[1];
  const alike =
    flavour === undefined
      ? ranges
      : ranges.filter((events) => {
          const fix = fixOf(events);
          return fix === undefined || flavour(fix) === flavour(subject.version);
        });
  const release = minorRelease?.(subject.version);
  if (minorRelease === undefined || release === undefined || alike.length < 2) return alike;
  const own = alike.filter((events) => minorRelease(fixOf(events) ?? "") === release);
  return own.length > 0 ? own : alike;
}

/**
 * Modular updates are for modular builds of the same stream, and other updates for other builds. `module:stream` is
 * the beginning of an rpm's MODULARITYLABEL.
 */
function judgeStream(
  item: Package,
  modules: readonly string[] | undefined,
): "same" | "other" | { readonly reason: string } {
  const modular = item.modularity !== undefined || /\.module[_+]/.test(item.version);
  if (!modular || modules === undefined) return modular === (modules !== undefined) ? "same" : "other";
  if (item.modularity === undefined) return { reason: "module-stream-unknown" };
  if (modules.length === 0) return { reason: "module-stream-of-advisory-unknown" };
  return modules.includes(item.modularity.split(":").slice(0, 2).join(":")) ? "same" : "other";
}

function judgeVersion(candidate: Candidate, affected: Affected, told: Ranges): Verdict {
  const { scheme, subject, version } = candidate;
  const listed = affected.versions !== undefined && isListed(candidate, affected.versions);
  if (version === undefined) {
    return listed ? listedVerdict(candidate) : { kind: "undecided", reason: "version-unparsable" };
  }
  const ranges = alignEpochs(candidate, told);
  let unparsable: string | undefined;
  let fixedAt: string | undefined;
  for (const events of ranges) {
    const verdict = judgeRange(scheme, events, version);
    if ("unparsable" in verdict) {
      unparsable = verdict.unparsable;
    } else if (verdict.affected) {
      const fixed = nextFix(scheme, events, version);
      const comparison = describe(`${scheme.name} ${subject.version}`, verdict.from, verdict.to);
      return { kind: "affected", comparison, ...(fixed !== undefined && { fixed }) };
    } else {
      fixedAt ??= verdict.passed;
    }
  }
  if (listed) {
    const fixes = ranges.flatMap((events) => nextFix(scheme, events, version) ?? []);
    return { ...listedVerdict(candidate), ...(fixes[0] !== undefined && { fixed: smallest(scheme, fixes) }) };
  }
  if (unparsable !== undefined) {
    return { kind: "undecided", reason: `advisory-version-unparsable ${JSON.stringify(unparsable.slice(0, 80))}` };
  }
  if (affected.versionsCut === true) return { kind: "undecided", reason: "advisory-versions-cut" };
  return fixedAt === undefined ? unaffected : { kind: "unaffected", fixedAt };
}

function listedVerdict({ scheme, subject }: Candidate): Extract<Verdict, { kind: "affected" }> {
  return { kind: "affected", comparison: `${scheme.name} ${subject.version} is listed as affected` };
}

function isListed({ scheme, subject, version }: Candidate, versions: readonly string[]): boolean {
  return versions.some((text) => {
    if (text === subject.version) return true;
    const other = version && scheme.parse(text);
    return version !== undefined && other !== undefined && scheme.compare(version, other) === 0;
  });
}

/** Epochs that one side does not tell are taken to be the other's. */
function alignEpochs({ ecosystem, subject }: Candidate, ranges: Ranges): Ranges {
  const each = (change: (text: string) => string): Ranges =>
    ranges.map((events) => events.map(([kind, text]) => [kind, change(text)] as const));
  if (subject.epochUnknown === true) return each(withoutEpoch);
  if (ecosystem.advisoriesOmitEpoch !== true) return ranges;
  const epoch = /^[0-9]+:/.exec(subject.version)?.[0];
  if (epoch === undefined) return ranges;
  return each((text) => (text === "0" || text.includes(":") ? text : epoch + text));
}

/** `deb 1.2-3 < 1.2-4`, `semver 2.1.0 >= 2.0.0, <= 2.3.0`, `deb 1.2-3: no fixed version`. */
function describe(version: string, from: string, to: RangeEvent | undefined): string {
  const bounds = from === "0" ? [] : [`>= ${from}`];
  if (to !== undefined) bounds.push(`${to[0] === "last_affected" ? "<=" : "<"} ${to[1]}`);
  const text = bounds.length === 0 ? version : `${version} ${bounds.join(", ")}`;
  return to === undefined ? `${text}: no fixed version` : text;
}

/** The smallest fixed version after this one. */
function nextFix(scheme: VersionScheme, events: readonly RangeEvent[], version: ParsedVersion): string | undefined {
  return events.find(([kind, text]) => kind === "fixed" && position(scheme, text, version) > 0)?.[1];
}

/** Positive: the text is a later version. */
function position(scheme: VersionScheme, text: string, version: ParsedVersion): number {
  const other = scheme.parse(text);
  return other === undefined ? Number.NaN : scheme.compare(other, version);
}

export function smallest(scheme: VersionScheme, versions: readonly string[]): string {
  return versions.reduce((least, text) => (isBefore(scheme, text, least) ? text : least));
}

export function greatest(scheme: VersionScheme, versions: readonly string[]): string {
  return versions.reduce((most, text) => (isBefore(scheme, most, text) ? text : most));
}

function isBefore(scheme: VersionScheme, a: string, b: string): boolean {
  const left = scheme.parse(a);
  const right = scheme.parse(b);
  return left !== undefined && right !== undefined && scheme.compare(left, right) < 0;
}
