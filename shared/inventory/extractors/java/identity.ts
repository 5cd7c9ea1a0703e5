/**
 * What an archive is, as Maven coordinates. Evidence in this order: a pom.properties (or pom.xml) that names the
 * archive, the repository path it lies at, its manifest, its file name. A group that nothing states stays unknown:
 * a guessed one would match the advisories of another project.
 */
import { baseNameOf, type FileName, isBareNumber, splitFileName } from "./file-name.ts";
import { knownGroups } from "./known-groups.ts";
import type { Manifest } from "./manifest.ts";
import { type Coordinates, validId, validVersion } from "./pom.ts";

export interface Evidence {
  /** Of the archive, in the image and in the archives around it. */
  readonly path: string;
  readonly manifest: Manifest;
  /** Whether the archive has classes in or below this directory. */
  readonly hasDirectory: (directory: string) => boolean;
}

interface Stated extends Coordinates {
  readonly group: string;
}

/**
 * The one of an archive's projects that the archive itself is; the others are shaded into it. Told by the file name
 * (the longest artifact that fits it), then by the manifest; a single project is it unless the file says otherwise.
 */
export function mainProject<Project extends Stated>(
  projects: readonly Project[],
  { path, manifest }: Evidence,
): Project | undefined {
  const base = baseNameOf(path);
  const vendor = manifest.get("implementation-vendor-id");
  const fitting = projects
    .filter((one) => fits(base, one))
    .sort(
      (one, other) =>
        other.artifact.length - one.artifact.length || Number(other.group === vendor) - Number(one.group === vendor),
    );
  if (fitting[0] !== undefined) return fitting[0];
  const title = manifest.get("implementation-title");
  const symbolic = symbolicName(manifest);
  const named = projects.find(
    ({ group, artifact }) => artifact === title || artifact === symbolic || `${group}.${artifact}` === symbolic,
  );
  if (named !== undefined) return named;
  const [only] = projects.length === 1 ? projects : [];
  const file = splitFileName(base);
  // Renamed: without a version, or with something before the artifact.
  const renamed = (one: Stated): boolean =>
    file.version === undefined ||
    (file.version === one.version && /[-_.]$/.test(prefixOf(file.artifact, one.artifact)));
  return only !== undefined && renamed(only) ? only : undefined;
}

/** What stands before a name's ending; empty when it ends otherwise. */
function prefixOf(name: string, ending: string): string {
  return name.endsWith(ending) ? name.slice(0, -ending.length) : "";
}

/** `<artifact>`, `<artifact>-<version>...` and the same with the group before it. */
function fits(base: string, { group, artifact, version }: Stated): boolean {
  return [artifact, `${group}.${artifact}`].some((stem) => {
    if (base === stem) return true;
    if (!base.startsWith(`${stem}-`)) return false;
    const rest = base.slice(stem.length + 1);
    return rest === version || rest.startsWith(`${version}-`) || splitFileName(base).artifact === stem;
  });
}

/** From path, manifest and file name; undefined without a version, and for parts of a Java runtime. */
export function identify(evidence: Evidence): Coordinates | undefined {
  const { manifest, path } = evidence;
  if (manifest.get("implementation-title") === "Java Runtime Environment") return undefined;
  const file = fileNameOf(path, manifest);
  const stated = atRepositoryPath(path, file.artifact) ?? pluginOf(manifest) ?? titleOf(manifest);
  if (stated !== undefined) return stated;
  const version =
    validVersion(file.version) ??
    validVersion(manifest.get("implementation-version")) ??
    validVersion(manifest.get("bundle-version"));
  const artifact = validId(file.version === undefined ? manifestName(manifest) : undefined) ?? validId(file.artifact);
  if (version === undefined || artifact === undefined) return undefined;
  const group = groupOf(artifact, evidence);
  return { artifact, version, ...(group !== undefined && { group }) };
}

/** A bare number at the end of the name counts as the version when the manifest says so too. */
function fileNameOf(path: string, manifest: Manifest): FileName {
  const base = baseNameOf(path);
  const file = splitFileName(base);
  const { version } = file;
  if (version === undefined || !isBareNumber(version)) return file;
  const stated = [manifest.get("implementation-version"), manifest.get("bundle-version")];
  return stated.some((one) => one === version || one?.startsWith(`${version}.`)) ? file : { artifact: base };
}

/** Local repositories of Maven and Gradle: the directories are the coordinates. */
function atRepositoryPath(path: string, artifact: string): Coordinates | undefined {
  const [, repository] = /^(?:.*\/)?(?:\.m2\/repository|maven2|maven-repo|files-2\.1)\/(.*)$/.exec(path) ?? [];
  const gradle = path.includes("/files-2.1/");
  const parts = repository?.split("/").slice(0, gradle ? -2 : -1) ?? [];
  const [version, name] = [validVersion(parts.at(-1)), validId(parts.at(-2))];
  const group = validId(parts.slice(0, -2).join("."));
  if (version === undefined || name === undefined || group === undefined || name !== artifact) return undefined;
  return { group, artifact: name, version };
}

/** Jenkins plug-ins say all three. */
function pluginOf(manifest: Manifest): Coordinates | undefined {
  const group = validId(manifest.get("group-id"));
  const artifact = validId(manifest.get("short-name") ?? manifest.get("extension-name"));
  const version = validVersion(manifest.get("plugin-version")?.split(" ")[0]);
  return group !== undefined && artifact !== undefined && version !== undefined
    ? { group, artifact, version }
    : undefined;
}

/** Ivy's form, which some Gradle plug-ins write as the title: `group#artifact;version`. */
function titleOf(manifest: Manifest): Coordinates | undefined {
  const [, group, artifact, version] =
    /^([^#;]+)#([^#;]+);([^#;]+)$/.exec(manifest.get("implementation-title") ?? "") ?? [];
  if (validId(group) === undefined || validId(artifact) === undefined || validVersion(version) === undefined) {
    return undefined;
  }
  return { group: group ?? "", artifact: artifact ?? "", version: version ?? "" };
}

/** What the manifest calls it; titles for people are none. */
function manifestName(manifest: Manifest): string | undefined {
  const symbolic = symbolicName(manifest);
  // Tomcat's bundles are named by organisation and artifact.
  const artifact = symbolic?.startsWith("org.apache.tomcat-") ? symbolic.slice("org.apache.".length) : symbolic;
  return artifact ?? validId(manifest.get("implementation-title")) ?? validId(manifest.get("automatic-module-name"));
}

function symbolicName(manifest: Manifest): string | undefined {
  return validId(manifest.get("bundle-symbolicname")?.split(";")[0]);
}

/** Ids of organisations that publish under groups below them, never as one. */
const organisations: ReadonlySet<string> = new Set([
  "com.google",
  "com.ibm",
  "com.oracle",
  "com.sun",
  "org.apache",
  "org.codehaus",
  "org.eclipse",
  "org.jboss",
]);

function groupOf(artifact: string, evidence: Evidence): string | undefined {
  const { manifest } = evidence;
  const stated = [
    bundleGroup(artifact, manifest),
    manifest.get("implementation-vendor-id"),
    manifest.get("implementation-vendor"),
  ].find((one) => isGroup(one));
  return stated ?? knownGroup(artifact, evidence);
}

/** A domain name backwards. Vendors that are people or companies, and domains forwards (`junit.org`), are none. */
function isGroup(value: string | undefined): value is string {
  return (
    value !== undefined &&
    /^(com|org|net|io|dev|edu|gov|info|biz|co|eu|de|fr|uk|us|ch|at|nl|be|it|es|se|no|fi|dk|pl|cz|ru|cn|jp|kr|in|au|ca|br|tv|me|ai|jakarta|javax)(\.[a-z0-9_-]+)+$/.test(
      value,
    ) &&
    !/\.(com|org|net|io)$/.test(value) &&
    !organisations.has(value)
  );
}

/**
 * Tools name a bundle `<group>.<artifact>`, but leave out what the two share (`com.google.guava` for
 * com.google.guava:guava). So it tells the group only where nothing can have been left out: the artifact has a
 * hyphen, or is named as the group's last part.
 */
function bundleGroup(artifact: string, manifest: Manifest): string | undefined {
  const symbolic = symbolicName(manifest);
  if (symbolic === undefined || !symbolic.endsWith(`.${artifact}`)) return undefined;
  const group = symbolic.slice(0, -artifact.length - 1);
  return artifact.includes("-") || group.endsWith(`.${artifact}`) ? group : undefined;
}

function knownGroup(artifact: string, { manifest, hasDirectory }: Evidence): string | undefined {
  const names = [manifest.get("automatic-module-name"), symbolicName(manifest)];
  return knownGroups.find(
    ({ artifact: pattern, directory, module }) =>
      pattern.test(artifact) &&
      ((directory !== undefined && hasDirectory(directory)) ||
        (module !== undefined && names.some((name) => name?.startsWith(module)))),
  )?.group;
}
