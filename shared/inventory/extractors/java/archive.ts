/** One archive and the archives in it, as packages. */
import { createHash } from "node:crypto";
import { PermanentError } from "../../../platform/errors.ts";
import { limits } from "../../../platform/limits.ts";
import type { Facts } from "../../extractor.ts";
import { buildFacts, type FactsBuilder, text } from "../../fields.ts";
import { looksLikeZip, readZipEntry, type ZipEntry, zipEntries } from "../../zip.ts";
import { identify, mainProject } from "./identity.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { type Coordinates, type Project, readPomProperties, readPomXml } from "./pom.ts";

/** Endings of archives that hold classes: Java, Jakarta EE, Jenkins, NiFi, Karaf, Liferay. */
export const archiveSuffixes = [".jar", ".war", ".ear", ".par", ".sar", ".nar", ".hpi", ".jpi", ".kar", ".lpkg"];

const isArchive = new RegExp(`(${archiveSuffixes.map((suffix) => `\\${suffix}`).join("|")})$`);

/** Manifests of signed archives list every entry; poms are small. */
const metadataBytes = { manifest: 16 * 1024 * 1024, pom: 1024 * 1024 };

/** What one file may still cost. */
interface Budget {
  bytes: number;
  entries: number;
  /** Unpacked archives at hand, one in the other. */
  held: number;
}

interface Walk {
  readonly path: string;
  readonly facts: FactsBuilder;
  readonly budget: Budget;
  /** Told once per reason: an archive of a million broken entries is one trouble. */
  report(reason: string, detail: string, within: string | undefined): void;
}

/** The packages of an archive file. Broken or oversized parts become `partial` entries; it never throws. */
export function readArchive(path: string, content: Buffer): Facts {
  const facts = buildFacts();
  const reported = new Set<string>();
  const raw = Math.max(64 * limits.archiveRatioFloorBytes, content.length * limits.archiveRatio);
  const budget = {
    bytes: Math.min(limits.archiveRawBytes, raw),
    entries: limits.archiveEntries,
    held: limits.archiveEntryBytes,
  };
  const walk: Walk = {
    path,
    facts,
    budget,
    report(reason, detail, within) {
      if (reported.has(reason)) return;
      reported.add(reason);
      facts.partial(reason, within === undefined ? detail : `${within}: ${detail}`);
    },
  };
  visit(walk, content, undefined, 0);
  return facts.facts();
}

interface Content {
  manifest: Manifest;
  readonly projects: (Project & { readonly entry: string })[];
  readonly archives: ZipEntry[];
}

function visit(walk: Walk, archive: Buffer, within: string | undefined, depth: number): void {
  if (!looksLikeZip(archive)) {
    // Other formats share the rarer endings.
    if (/\.(jar|war|ear)$/.test(within ?? walk.path)) walk.report("broken-archive", "no archive", within);
    return;
  }
  const { manifest, projects, archives } = contentOf(walk, archive, within);
  const path = within === undefined ? walk.path : `${walk.path}!/${within}`;
  const evidence = { path, manifest, hasDirectory: (one: string) => hasDirectory(archive, one) };
  const main = mainProject(projects, evidence);
  const self = main ?? identify(evidence);
  if (self !== undefined) {
    const sha1 = createHash("sha1").update(archive).digest("hex");
    const stated = main?.licenses.length ? main.licenses : licensesOf(manifest);
    add(walk, self, stated, { sha1, ...(within !== undefined && { within }) });
  }
  const prefix = within === undefined ? "" : `${within}!/`;
  for (const project of projects) {
    if (project !== main) add(walk, project, project.licenses, { within: `${prefix}${project.entry}` });
  }
  for (const entry of archives) visitNested(walk, archive, entry, `${prefix}${entry.name}`, depth + 1);
}

function visitNested(walk: Walk, archive: Buffer, entry: ZipEntry, within: string, depth: number): void {
  if (depth > limits.archiveDepth) {
    walk.report("archiveDepth", `archives in more than ${limits.archiveDepth} archives were not opened`, within);
    return;
  }
  const nested = contentOfEntry(walk, archive, entry, walk.budget.held, within);
  if (nested === undefined) return;
  const held = entry.method === 0 ? 0 : nested.length;
  walk.budget.held -= held;
  visit(walk, nested, within, depth);
  walk.budget.held += held;
}

/** One pass over the directory; what it could read counts even if the rest is broken. */
function contentOf(walk: Walk, archive: Buffer, within: string | undefined): Content {
  const content: Content = { manifest: new Map(), projects: [], archives: [] };
  const xmls = new Map<string, ZipEntry>();
  const properties: ZipEntry[] = [];
  let manifest: ZipEntry | undefined;
  try {
    for (const entry of zipEntries(archive)) {
      if (--walk.budget.entries < 0) {
        throw new PermanentError("archiveEntries", `more than ${limits.archiveEntries} entries`);
      }
      const { name } = entry;
      if (name === "META-INF/MANIFEST.MF") manifest ??= entry;
      else if (name.endsWith("pom.properties") && /(^|\/)pom\.properties$/.test(name)) properties.push(entry);
      else if (name.endsWith("/pom.xml") && name.includes("META-INF/maven/")) xmls.set(directoryOf(name), entry);
      else if (isArchive.test(name)) content.archives.push(entry);
    }
  } catch (thrown) {
    if (!(thrown instanceof PermanentError)) throw thrown;
    walk.report(thrown.code, thrown.message, within);
  }
  if (manifest !== undefined) {
    const bytes = contentOfEntry(walk, archive, manifest, metadataBytes.manifest, within);
    if (bytes !== undefined) content.manifest = readManifest(bytes);
  }
  readProjects(walk, archive, properties, xmls, content);
  return content;
}

/** Of each pom.properties, with the licences of the pom.xml beside it; of a pom.xml that stands alone. */
function readProjects(
  walk: Walk,
  archive: Buffer,
  properties: readonly ZipEntry[],
  xmls: Map<string, ZipEntry>,
  { projects }: Content,
): void {
  const read = (entry: ZipEntry): Buffer | undefined =>
    contentOfEntry(walk, archive, entry, metadataBytes.pom, entry.name);
  for (const entry of properties) {
    const bytes = read(entry);
    const project = bytes && readPomProperties(bytes);
    const xml = xmls.get(directoryOf(entry.name));
    const beside = xml && read(xml);
    if (project !== undefined) xmls.delete(directoryOf(entry.name));
    else if (bytes !== undefined && entry.name.startsWith("META-INF/maven/") && xml === undefined) walk.facts.broken();
    if (project !== undefined) {
      projects.push({ ...project, licenses: beside ? readPomXml(beside).licenses : [], entry: entry.name });
    }
  }
  for (const entry of xmls.values()) {
    const bytes = read(entry);
    const { project, licenses } = bytes ? readPomXml(bytes) : {};
    if (project !== undefined) projects.push({ ...project, licenses: licenses ?? [], entry: entry.name });
  }
}

/** Undefined, and reported, when it cannot be read within what is left. */
function contentOfEntry(
  walk: Walk,
  archive: Buffer,
  entry: ZipEntry,
  longest: number,
  within: string | undefined,
): Buffer | undefined {
  try {
    if (entry.size > walk.budget.bytes) {
      throw new PermanentError("archiveRawBytes", "the archives in it unpack to too much");
    }
    walk.budget.bytes -= entry.size;
    return readZipEntry(archive, entry, longest);
  } catch (thrown) {
    if (!(thrown instanceof PermanentError)) throw thrown;
    walk.report(thrown.code, thrown.message, within);
    return undefined;
  }
}

function hasDirectory(archive: Buffer, directory: string): boolean {
  try {
    for (const { name } of zipEntries(archive)) if (name.startsWith(directory)) return true;
  } catch {
    // Reported when the archive was read.
  }
  return false;
}

function directoryOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** OSGi: licences by comma, each with attributes after a semicolon; a name that SPDX knows, or an address. */
function licensesOf(manifest: Manifest): readonly string[] {
  const stated = manifest.get("bundle-license")?.split(",").slice(0, 20) ?? [];
  return stated.flatMap((one) => text(one.split(";")[0]?.replaceAll('"', "")) ?? []);
}

function add(
  { facts }: Walk,
  { group, artifact, version }: Coordinates,
  licenses: readonly string[],
  evidence: { readonly within?: string; readonly sha1?: string },
): void {
  facts.add({
    type: "maven",
    name: group === undefined ? artifact : `${group}:${artifact}`,
    version,
    ...(licenses.length > 0 && { licenses }),
    ...evidence,
  });
}
