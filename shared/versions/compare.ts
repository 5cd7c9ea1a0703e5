import { PermanentError } from "../platform/errors.ts";
import { schemes } from "./registry.generated.ts";
import type { ParsedVersion, VersionScheme } from "./types.ts";

export type SchemeName = (typeof schemes)[number]["name"];

const byName = new Map<string, VersionScheme>(schemes.map((scheme) => [scheme.name, scheme]));
const byEcosystem = new Map<string, VersionScheme>(
  schemes.flatMap((scheme) => scheme.ecosystems.map((ecosystem) => [ecosystem, scheme] as const)),
);

export const schemeNames: readonly SchemeName[] = schemes.map((scheme) => scheme.name);

/** The scheme of that name, or of that OSV ecosystem; throws `PermanentError("version-scheme-unknown")`. */
export function versionScheme(name: string): VersionScheme {
  const scheme = byName.get(name) ?? schemeOfEcosystem(name);
  if (scheme === undefined) {
    throw new PermanentError("version-scheme-unknown", `no version scheme "${name}" (${schemeNames.join(", ")})`);
  }
  return scheme;
}

/** How an OSV ecosystem (`Debian:12`, `npm`) orders its versions, when it is known. */
export function schemeOfEcosystem(ecosystem: string): VersionScheme | undefined {
  return byEcosystem.get(ecosystem.split(":", 1)[0] ?? ecosystem);
}

const rememberedVersions = 10_000;
const remembering = new WeakMap<VersionScheme, VersionScheme>();

/** The scheme, but what it read is read once: the same few versions are compared again and again. Bounded. */
export function rememberingScheme(scheme: VersionScheme): VersionScheme {
  const known = remembering.get(scheme);
  if (known !== undefined) return known;
  const read = new Map<string, ParsedVersion | undefined>();
  const made: VersionScheme = {
    ...scheme,
    parse(text) {
      const before = read.get(text);
      if (before !== undefined || read.has(text)) return before;
      if (read.size >= rememberedVersions) read.clear();
      const parsed = scheme.parse(text);
      read.set(text, parsed);
      return parsed;
    },
  };
  remembering.set(scheme, made);
  return made;
}

/**
 * The order of two versions: negative, 0 or positive.
 * Throws `PermanentError("version-unparsable")` when the scheme does not allow one of them: it is never guessed.
 */
export function compareVersions(scheme: string, a: string, b: string): number {
  const order = versionScheme(scheme);
  return order.compare(read(order, a), read(order, b));
}

function read(scheme: VersionScheme, text: string): ParsedVersion {
  const version = scheme.parse(text);
  if (version === undefined) {
    throw new PermanentError(
      "version-unparsable",
      `${JSON.stringify(text.slice(0, 100))} is not a ${scheme.name} version`,
    );
  }
  return version;
}
