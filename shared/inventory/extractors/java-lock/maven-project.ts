/**
 * Maven's project file: https://maven.apache.org/pom.html. Only what the file itself says: versions that a parent or
 * an imported project decides, and what dependencies need in turn, are told elsewhere.
 */
import { brokenDocument } from "../../documents/value.ts";
import { childOf, parseXml, type XmlElement } from "../../documents/xml.ts";
import type { LockFormat } from "../../lock-file.ts";

export const mavenProject: LockFormat = {
  wants: { basenames: ["pom.xml"] },
  read(content, lock) {
    const project = parseXml(content);
    if (project.name !== "project") throw brokenDocument("no project file of Maven");
    const properties = propertiesOf(project);
    const managed = new Map(
      dependenciesIn(childOf(project, "dependencyManagement")).map((one) => [keyOf(one, properties), one]),
    );
    for (const one of dependenciesIn(project)) {
      const key = keyOf(one, properties);
      const manager = managed.get(key);
      const stated = (name: string): string | undefined =>
        resolved(one, name, properties) ?? resolved(manager, name, properties);
      const version = stated("version");
      // Ranges leave the choice to the build.
      if (version === undefined || /[[\](),$]/.test(version)) lock.unstated(key);
      else {
        const scope = stated("scope");
        lock.add({ name: key, version, development: scope === "test", optional: stated("optional") === "true" });
      }
    }
  },
};

function dependenciesIn(element: XmlElement | undefined): readonly XmlElement[] {
  return childOf(element, "dependencies")?.children.filter(({ name }) => name === "dependency") ?? [];
}

function keyOf(dependency: XmlElement, properties: ReadonlyMap<string, string>): string {
  return `${resolved(dependency, "groupId", properties)}:${resolved(dependency, "artifactId", properties)}`;
}

/** Versions and names are shorter; longer ones in one another would grow without end. */
const longestProperty = 128;

/** Those of the file, and what can be said of the project itself. */
function propertiesOf(project: XmlElement): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const { name, text } of childOf(project, "properties")?.children ?? []) {
    if (text.length <= longestProperty) properties.set(name, text);
  }
  const parent = childOf(project, "parent");
  for (const name of ["groupId", "artifactId", "version"]) {
    const own = childOf(project, name) ?? (name === "artifactId" ? undefined : childOf(parent, name));
    for (const prefix of ["project.", "pom.", ""]) if (own !== undefined) properties.set(prefix + name, own.text);
    const inherited = childOf(parent, name);
    if (inherited !== undefined) properties.set(`project.parent.${name}`, inherited.text);
  }
  return properties;
}

/** Properties in properties are followed a few times, which also ends their circles. */
function resolved(
  element: XmlElement | undefined,
  name: string,
  properties: ReadonlyMap<string, string>,
): string | undefined {
  let value = childOf(element, name)?.text;
  for (
    let times = 0;
    times < 5 && value !== undefined && value.includes("${") && value.length <= 2 * longestProperty;
    times++
  ) {
    value = value.replace(/\$\{([^}]*)\}/g, (all, key: string) => properties.get(key.trim()) ?? all);
  }
  return value;
}
