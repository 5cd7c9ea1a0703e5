/**
 * What an extractor is: a folder `extractors/<name>/` with `extractor.ts` that exports `extractor`. It declares which
 * paths it wants, and turns the content of one file into facts. It sees one layer at a time and never the image, so
 * that its answer can be kept with the layer.
 */
import type { Distribution, Package, Partial, ProductLabels, Repository, Secret } from "./types.ts";

/** What a file says of a package; purl, layer and owner are known only in the image. */
export interface PackageFacts extends Omit<Package, "purl" | "locations" | "ownedBy" | "describedBy"> {
  /** As an SBOM writes it; kept where no package of the image is the one it means. */
  readonly statedPurl?: string;
  /** Path inside the file, when that is an archive: becomes a part of the location, after `!/`. */
  readonly within?: string;
  /** `Location.sha1`. */
  readonly sha1?: string;
}

/** Language evidence (paths without leading slash) that an OS package installed. */
export interface Ownership {
  /** Name of the OS package, with version where the same file says it. */
  readonly package: { readonly type: Package["type"]; readonly name: string; readonly version?: string };
  readonly paths: readonly string[];
}

/** A secret in a file: which rule found it, where, and a salted hash of it. Never the value. */
export interface SecretFacts extends Pick<Secret, "rule" | "fingerprint"> {
  /** From 1. */
  readonly line: number;
}

/** What one file tells. */
export interface Facts {
  readonly packages?: readonly PackageFacts[];
  readonly ownership?: readonly Ownership[];
  readonly distribution?: Distribution;
  readonly partial?: readonly Partial[];
  readonly secrets?: readonly SecretFacts[];
  /** Of a file that runs with its owner's or group's rights: told by the layer reader, not by an extractor. */
  readonly privilegedMode?: number;
  /**
   * The file is a lock file: nothing that it tells counts where packages of this type are installed in its project
   * (`lock-rule.ts`).
   */
  readonly lockOf?: Package["type"];
  readonly repositories?: readonly Omit<Repository, "location">[];
  /** Names of the Red Hat repositories that the layer's packages came from. */
  readonly contentSets?: readonly string[];
  readonly product?: Omit<ProductLabels, "location">;
  /**
   * Paths of newer forms of this package database. Where one of them stands in the image and gave packages, this
   * file's packages are left from before a migration and do not count.
   */
  readonly supersededBy?: readonly string[];
  /** From which repositories packages were installed, where a file of its own says it. */
  readonly installedFrom?: readonly InstalledFrom[];
  /** Where on the pages of its database each of `packages` stands. */
  readonly tablePages?: TablePages;
}

/** A package and the id of the repository it came from. `version`: with its epoch, where that is not 0. */
export interface InstalledFrom extends Required<Pick<PackageFacts, "type" | "name" | "version" | "architecture">> {
  readonly repository: string;
}

/**
 * The pages of a database's table of packages, so that a write-ahead log of an upper layer can be applied to a
 * database of a lower one (`database-logs.ts`) without the bytes of either.
 */
export interface TablePages {
  /** Path of the database; of a log, which holds newer pages of it. */
  readonly logOf?: string;
  readonly pageSize: number;
  /** Number of the page where the table begins; in a log only where it changed. */
  readonly root?: number;
  /** Pages that lead to others. */
  readonly interior: readonly (readonly [page: number, children: readonly number[]])[];
  /** Pages with rows: the id of each, and which of `packages` it is; `broken`, or `kept` for one of the database below. */
  readonly leaves: readonly (readonly [page: number, rows: readonly TableRow[]])[];
}

export type TableRow = readonly [id: number, place: number | "broken" | "kept"];

/** Which files; one match in any list is enough, and then `accept` decides. */
export interface Wants {
  /** Whole paths. */
  readonly paths?: readonly string[];
  /** Last components. */
  readonly basenames?: readonly string[];
  /** Endings of the last component that begin with a dot: `.egg-info`. */
  readonly suffixes?: readonly string[];
  /** Everything directly in these directories. */
  readonly directories?: readonly string[];
  /**
   * Regular files of at least `limits.executableFloorBytes` that are executable (mode) or named as libraries are, and
   * begin as ELF, PE or Mach-O do. `any`: every one. `named`: those whose path `accept` takes, under each of the names
   * that hard links give them. Only for extractors that stream.
   */
  readonly executables?: "any" | "named";
  /** Precise condition on a path that matched. Cheap and pure. */
  readonly accept?: (path: string) => boolean;
}

export interface WantedFile {
  /** Canonical path in the layer. */
  readonly path: string;
  /** The whole content; valid only during the call. */
  readonly content: Buffer;
  /** The companions that the same layer holds, by path. */
  readonly companions: ReadonlyMap<string, Buffer>;
  /** Whether a path would be read by an extractor for language packages: only such ownership is worth keeping. */
  readonly isLanguageEvidence: (path: string) => boolean;
}

interface ExtractorOutline {
  /** As the folder is named. */
  readonly name: string;
  /** Counts up with every change of what it finds: part of the key of stored layer records. */
  readonly version: number;
  /**
   * `os`: packages of a distribution and facts about it. `language`: packages that an OS package may own. `content`:
   * what else files tell.
   */
  readonly kind: "os" | "language" | "content";
  readonly wants: Wants;
}

/** Reads a file as a whole. */
export interface Extractor extends ExtractorOutline {
  /** The whole file in memory, at most `maxBytes`; larger ones become a `partial` entry. */
  readonly mode: "buffer";
  readonly maxBytes: number;
  /** What a file over `maxBytes` means. `skip`: nothing is missing without it (a name that is only a hint). */
  readonly oversize?: "partial" | "skip";
  /** Paths (also wanted) that belong to a file and are handed over with it, when the layer has them. */
  readonly companions?: (path: string) => readonly string[];
  /** Bounded in time by the content's size. A throw becomes a `partial` entry with the error's message. */
  extract(file: WantedFile): Facts;
}

/** Reads files of any size as they go by, in memory that does not grow with them. */
export interface StreamExtractor extends ExtractorOutline {
  readonly mode: "stream";
  /**
   * Looks at the first bytes: undefined when the file is of no interest, which then costs nothing more. A throw, here
   * or in the reader, becomes a `partial` entry with the error's message.
   */
  open(file: StreamedFile): FileReader | undefined;
}

export type AnyExtractor = Extractor | StreamExtractor;

export interface StreamedFile {
  /** Canonical path in the layer. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Permission bits, with set-user-ID and set-group-ID. */
  readonly mode: number;
  /** The first `limits.streamHeadBytes` bytes, or all; valid only during the call. */
  readonly head: Buffer;
}

export interface FileReader {
  /** The next bytes, which begin at `offset` of the file; the first ones are those of the head again. Keep no reference. */
  push(piece: Buffer, offset: number): void;
  /** After the last bytes. */
  end(): Facts | RangeRequest;
}

/** Bytes that had gone by when it turned out that they matter. They cost a second pass over the layer: ask rarely. */
export interface RangeRequest {
  /** Within the file; together at most `limits.rangeBytes`. */
  readonly ranges: readonly Range[];
  /** Gets the content of each range, in the order asked for. */
  extract(contents: readonly Buffer[]): Facts;
}

export interface Range {
  readonly offset: number;
  readonly length: number;
}
