/**
 * Lock files: one extractor per ecosystem, made of its formats. A format says which files are its own and reads the
 * packages that are locked; what is common to all stands here. Whether a lock file counts is decided in the image
 * (`lock-rule.ts`).
 */
import { messageOf, PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Extractor, Facts, PackageFacts, Wants } from "./extractor.ts";
import { text, unsupportedFormat } from "./fields.ts";
import type { PackageType, Partial } from "./types.ts";

/** What a lock file states of one package. */
export interface LockedPackage {
  readonly name: unknown;
  /** Exact; absent for what is locked to a commit or an address only. */
  readonly version?: unknown;
  /** The format says that only development (tests, linters, build tools) needs it. */
  readonly development?: boolean | undefined;
  /** The format says that it may be left out. */
  readonly optional?: boolean | undefined;
  readonly qualifiers?: Readonly<Record<string, string>>;
  readonly licenses?: readonly string[];
}

/** Takes what a format reads. */
export interface Lock {
  readonly path: string;
  /** A package that comes from elsewhere. The project's own folders are not reported. */
  add(one: LockedPackage): void;
  /** Counts packages whose versions the file leaves to others. */
  unstated(name: unknown): void;
}

export interface LockFormat {
  readonly wants: Pick<Wants, "basenames" | "suffixes" | "accept">;
  /** Linear in the text's length. Throws `PermanentError` `broken-document`, `unsupported-format`. */
  read(content: string, lock: Lock): void;
}

/**
 * Where lock files belong to installed packages, caches, documentation and tests, not to a project of the image.
 */
const elsewhere =
  /(^|\/)(node_modules|site-packages|dist-packages|gems|vendor|\.yarn|\.npm|\.cargo|\.m2|\.gradle|\.pub-cache|go\/pkg\/mod|usr\/share\/doc|META-INF|Pods|\.?fixtures|__fixtures__|testdata)\//;

export function lockFileExtractor(options: {
  readonly name: string;
  readonly version: number;
  readonly type: PackageType;
  readonly formats: readonly LockFormat[];
}): Extractor {
  const { name, version, type, formats } = options;
  const formatOf = (path: string): LockFormat | undefined => formats.find(({ wants }) => isOf(wants, path));
  return {
    name,
    version,
    kind: "language",
    wants: {
      basenames: formats.flatMap(({ wants }) => wants.basenames ?? []),
      suffixes: formats.flatMap(({ wants }) => wants.suffixes ?? []),
      accept: (path) => !elsewhere.test(path) && formatOf(path) !== undefined,
    },
    mode: "buffer",
    maxBytes: limits.lockFileBytes,
    extract: ({ path, content }) => {
      const format = formatOf(path);
      return format === undefined ? {} : factsOf(format, type, path, content.toString("utf8"));
    },
  };
}

function isOf({ basenames, suffixes, accept }: LockFormat["wants"], path: string): boolean {
  const base = path.slice(path.lastIndexOf("/") + 1);
  if (basenames?.includes(base) !== true && suffixes?.some((suffix) => base.endsWith(suffix)) !== true) return false;
  return accept?.(path) ?? true;
}

function factsOf(format: LockFormat, type: PackageType, path: string, content: string): Facts {
  const lock = createLock(type, path);
  const partial: Partial[] = [];
  try {
    format.read(content, lock);
  } catch (thrown) {
    const isKnown = thrown instanceof PermanentError && thrown.code === unsupportedFormat;
    partial.push({ reason: isKnown ? unsupportedFormat : "broken-lock-file", detail: messageOf(thrown) });
  }
  const packages = [...lock.packages.values()];
  partial.push(...lock.problems());
  return packages.length + partial.length === 0 ? {} : { lockOf: type, packages, partial };
}

function createLock(
  type: PackageType,
  path: string,
): Lock & { readonly packages: ReadonlyMap<string, PackageFacts>; problems(): readonly Partial[] } {
  const packages = new Map<string, PackageFacts>();
  const unstated: string[] = [];
  let unstatedCount = 0;
  let brokenCount = 0;
  let isFull = false;

  function addUnstated(name: unknown): void {
    unstatedCount++;
    const known = text(name, 100);
    if (unstated.length < 3 && known !== undefined) unstated.push(known);
  }
  return {
    path,
    packages,
    unstated: addUnstated,
    add(one) {
      const name = text(one.name);
      const version = text(one.version, 256);
      if (name === undefined || (version === undefined && one.version !== undefined)) brokenCount++;
      else if (version === undefined) addUnstated(name);
      else if (packages.size >= limits.packagesPerImage) isFull = true;
      else {
        const key = `${name}\n${version}\n${JSON.stringify(one.qualifiers ?? {})}`;
        packages.set(key, lockedFacts(type, name, version, one, packages.get(key)));
      }
    },
    problems() {
      const found: Partial[] = [];
      if (brokenCount > 0) {
        found.push({ reason: "broken-record", detail: `${brokenCount} records without a usable name or version` });
      }
      if (unstatedCount > 0) {
        const names = unstated.join(", ") + (unstatedCount > unstated.length ? ", ..." : "");
        found.push({
          reason: "version-not-stated",
          detail: `${unstatedCount} packages whose version is not in the file: ${names}`,
        });
      }
      if (isFull) {
        found.push({
          reason: "packagesPerImage",
          detail: `only the first ${limits.packagesPerImage} packages were read`,
        });
      }
      return found;
    },
  };
}

/** A flag only where every mention has it. */
function lockedFacts(
  type: PackageType,
  name: string,
  version: string,
  { development, optional, qualifiers, licenses }: LockedPackage,
  known: PackageFacts | undefined,
): PackageFacts {
  return {
    type,
    name,
    version,
    evidence: "lock-file",
    ...(qualifiers && { qualifiers }),
    ...(licenses && licenses.length > 0 && { licenses }),
    ...(development === true && (known === undefined || known.development) && { development: true }),
    ...(optional === true && (known === undefined || known.optional) && { optional: true }),
  };
}
