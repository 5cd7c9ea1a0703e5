/** What Maven leaves of itself in an archive: META-INF/maven/<group>/<artifact>/pom.properties and pom.xml. */
import { PermanentError } from "../../../platform/errors.ts";
import { childOf, parseXml, type XmlElement } from "../../documents/xml.ts";
import { linesOf, text } from "../../fields.ts";

/** Maven coordinates: https://maven.apache.org/pom.html#maven-coordinates */
export interface Coordinates {
  /** Unknown where nothing in the archive states it. */
  readonly group?: string;
  readonly artifact: string;
  readonly version: string;
}

export interface Project extends Coordinates {
  readonly group: string;
  readonly licenses: readonly string[];
}

const identifier = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
/** What Maven can resolve: no spaces, no unresolved `${}`. */
const version = /^[A-Za-z0-9_][A-Za-z0-9_.+~-]*$/;

/** An id of a group or artifact, or undefined. */
export function validId(value: unknown): string | undefined {
  const id = text(value, 256);
  return id !== undefined && identifier.test(id) ? id : undefined;
}

export function validVersion(value: unknown): string | undefined {
  const one = text(value, 128);
  return one !== undefined && version.test(one) ? one : undefined;
}

/** `groupId`, `artifactId` and `version` of a pom.properties. Undefined when one is missing or no valid value. */
export function readPomProperties(content: Buffer): Omit<Project, "licenses"> | undefined {
  const values = new Map<string, string>();
  for (const line of linesOf(content)) {
    const trimmed = line.trimStart();
    if (trimmed.startsWith("#") || trimmed.startsWith("!")) continue;
    const match = /^(groupId|artifactId|version)\s*[=:\s]\s*(.*)$/.exec(trimmed);
    const [, key, value] = match ?? [];
    if (key !== undefined && value !== undefined) values.set(key, value);
  }
  return projectOf(values.get("groupId"), values.get("artifactId"), values.get("version"));
}

/**
 * The coordinates as far as the pom.xml states them (group and version may be its parent's, properties are not
 * resolved), and its licences. Nothing when it cannot be read: it adds to what pom.properties says.
 */
export function readPomXml(content: Buffer): {
  readonly project?: Omit<Project, "licenses"> | undefined;
  readonly licenses: readonly string[];
} {
  const root = rootOf(content);
  const parent = childOf(root, "parent");
  const licenses = childOf(root, "licenses")?.children.slice(0, 20) ?? [];
  return {
    project: projectOf(
      textAt(root, "groupId") ?? textAt(parent, "groupId"),
      textAt(root, "artifactId"),
      textAt(root, "version") ?? textAt(parent, "version"),
    ),
    licenses: licenses.flatMap((license) => text(textAt(license, "name")?.replace(/\s+/g, " ")) ?? []),
  };
}

function rootOf(content: Buffer): XmlElement | undefined {
  try {
    return parseXml(content.toString("utf8"));
  } catch (thrown) {
    if (thrown instanceof PermanentError) return undefined;
    throw thrown;
  }
}

function textAt(element: XmlElement | undefined, name: string): string | undefined {
  return childOf(element, name)?.text;
}

function projectOf(
  groupId: string | undefined,
  artifactId: string | undefined,
  stated: string | undefined,
): Omit<Project, "licenses"> | undefined {
  const group = validId(groupId);
  const artifact = validId(artifactId);
  const one = validVersion(stated);
  if (group === undefined || artifact === undefined || one === undefined) return undefined;
  return { group, artifact, version: one };
}
