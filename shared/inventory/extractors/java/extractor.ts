/**
 * Java archives, and archives in them (wars and executable jars carry their libraries), by Maven's metadata, the
 * manifest and the file name; and unpacked archives by their pom.properties. A package that is shaded into an archive
 * is told with the path of its pom.properties; the archive itself with its SHA-1, by which repositories know it.
 * `name` is `group:artifact`, or the artifact alone where nothing states the group.
 */
import type { Extractor } from "../../extractor.ts";
import { archiveSuffixes, readArchive } from "./archive.ts";
import { readPomProperties } from "./pom.ts";

const unpackedPom = /(^|\/)META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;

export const extractor: Extractor = {
  name: "java",
  version: 1,
  kind: "language",
  wants: {
    suffixes: archiveSuffixes,
    basenames: ["pom.properties"],
    accept: (path) => !path.endsWith("/pom.properties") || unpackedPom.test(path),
  },
  mode: "buffer",
  maxBytes: 128 * 1024 * 1024,
  extract({ path, content }) {
    if (!path.endsWith("/pom.properties")) return readArchive(path, content);
    const project = readPomProperties(content);
    if (project === undefined) {
      return { partial: [{ reason: "broken-record", detail: "no usable group, artifact or version" }] };
    }
    const { group, artifact, version } = project;
    return { packages: [{ type: "maven", name: `${group}:${artifact}`, version }] };
  },
};
