/** Artifact and version as the name of a jar says them: `<artifact>-<version>[-<classifier>].jar`. */

export interface FileName {
  /** The whole name without its extension when no version can be told. */
  readonly artifact: string;
  readonly version?: string;
}

/** Words that belong to a version. */
const qualifier =
  /^(\d.*|v\d.*|(alpha|beta|milestone|m|rc|cr|b|build|sp|ga|pre|preview|ea|p|r|rev|patch|snapshot|final|release|incubating|jre|android|redhat|jbossorg|hadoop\d*|spark\d*|java\d*|jdk\d*|empty|experimental|stable|dev|nightly|[0-9a-f]{7,40})[.\d]*(-?\d.*)?)$/i;

/**
 * The version begins at the first hyphen before a digit after which only words of versions come, then words of a
 * classifier: `log4j-1.2-api-2.17.1` is 2.17.1 of `log4j-1.2-api`, `guava-31.1-jre` 31.1-jre of `guava`,
 * `epoll-4.1.86.Final-linux-x86_64` 4.1.86.Final.
 */
export function splitFileName(base: string): FileName {
  const words = base.slice(0, 255).split("-");
  for (let start = 1; start < words.length; start++) {
    if (!/^v?\d/.test(words[start] ?? "")) continue;
    let end = start + 1;
    while (end < words.length && qualifier.test(words[end] ?? "")) end++;
    // A version further on: what stands here is still of the artifact.
    if (words.slice(end).some((word) => /^\d+(\.\d+)*(\.[A-Za-z]\w*)?$/.test(word))) continue;
    const artifact = words.slice(0, start).join("-");
    const version = words.slice(start, end).join("-");
    // `level-3-jar` is no version 3.
    if (artifact === "" || (isBareNumber(version) && end < words.length)) break;
    return { artifact, version };
  }
  return { artifact: base };
}

/** A number that may as well be a part of the name; dates are too long for that. */
export function isBareNumber(version: string): boolean {
  return /^v?\d{1,5}$/.test(version);
}

/** `x/y/base.jar` and `a.war!/lib/base.jar` -> `base`. */
export function baseNameOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(0, dot) : name;
}
