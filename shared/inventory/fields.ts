/** Values out of package metadata, bounded. */
import { limits } from "../platform/limits.ts";
import type { Facts, Ownership, PackageFacts } from "./extractor.ts";
import type { Partial } from "./types.ts";

/** Code and reason of a file whose format is known, but not read. */
export const unsupportedFormat = "unsupported-format";

/** A trimmed, non-empty text without control characters and of at most `longest` characters; else undefined. */
export function text(value: unknown, longest = 512): string | undefined {
  if (typeof value !== "string") return undefined;
  const trimmed = value.trim();
  return trimmed !== "" && trimmed.length <= longest && !/\p{Cc}/u.test(trimmed) ? trimmed : undefined;
}

/** The lines of a file, without their ends, one at a time: a hostile file of line ends costs no memory. */
export function* linesOf(content: Buffer): Generator<string> {
  let start = 0;
  while (start < content.length) {
    const newline = content.indexOf(10, start);
    const end = newline < 0 ? content.length : newline;
    yield content.toString("utf8", start, end > start && content[end - 1] === 13 ? end - 1 : end);
    start = end + 1;
  }
}

/** Gathers the facts of one file within the limits, and counts what could not be read. */
export interface FactsBuilder {
  /** False once the file has given as many packages as an image may have. */
  add(facts: PackageFacts): boolean;
  own(owner: Ownership["package"], paths: readonly string[]): void;
  /** A record without a usable name or version. */
  broken(): void;
  partial(reason: string, detail: string): void;
  facts(): Facts;
}

export function buildFacts(): FactsBuilder {
  const packages: PackageFacts[] = [];
  const ownership: Ownership[] = [];
  const partial: Partial[] = [];
  let brokenRecords = 0;
  return {
    add(facts) {
      if (packages.length < limits.packagesPerImage) {
        packages.push(facts);
        return true;
      }
      partial.push({
        reason: "packagesPerImage",
        detail: `only the first ${limits.packagesPerImage} packages were read`,
      });
      return false;
    },
    own(owner, paths) {
      if (paths.length > 0) ownership.push({ package: owner, paths });
    },
    broken: () => {
      brokenRecords++;
    },
    partial: (reason, detail) => {
      partial.push({ reason, detail });
    },
    facts() {
      if (brokenRecords > 0) {
        partial.push({ reason: "broken-record", detail: `${brokenRecords} records without a usable name or version` });
      }
      return { packages, ownership, partial };
    },
  };
}
