/**
 * Debian packages: the status file of dpkg, and `status.d/`, in which distroless images keep one control file per
 * package. Formats: deb822(5), deb-control(5). Ownership: `info/*.list` and `*.md5sums`.
 */
import { paragraphsOf } from "../../deb822.ts";
import type { Extractor, Facts, PackageFacts, WantedFile } from "../../extractor.ts";
import { buildFacts, linesOf, text } from "../../fields.ts";

const status = "var/lib/dpkg/status";
const info = "var/lib/dpkg/info";
const statusDirectory = "var/lib/dpkg/status.d";

/** States in which the package's files are on the disk: dpkg(1), "Package states". */
const unpackedStates = new Set(["installed", "triggers-pending", "triggers-awaited", "half-configured", "unpacked"]);

export const extractor: Extractor = {
  name: "dpkg",
  version: 1,
  kind: "os",
  wants: {
    paths: [status],
    directories: [info, statusDirectory],
    accept: (path) => !path.startsWith(info) || path.endsWith(".list") || path.endsWith(".md5sums"),
  },
  mode: "buffer",
  maxBytes: 64 * 1024 * 1024,
  extract(file) {
    return file.path.endsWith(".list") || file.path.endsWith(".md5sums") ? ownership(file) : packages(file);
  },
};

const wantedFields = new Set(["package", "status", "version", "architecture", "source", "maintainer"]);

function packages(file: WantedFile): Facts {
  const facts = buildFacts();
  for (const fields of paragraphsOf(file.content, wantedFields)) {
    if (!isUnpacked(fields.get("status"))) continue;
    const one = packageOf(fields);
    if (one === undefined) facts.broken();
    else if (!facts.add(one)) break;
  }
  return facts.facts();
}

/** `want flag state`; files of `status.d` have no such field. */
function isUnpacked(value: string | undefined): boolean {
  return value === undefined || unpackedStates.has(value.trim().split(/\s+/).at(-1) ?? "");
}

function packageOf(fields: ReadonlyMap<string, string>): PackageFacts | undefined {
  const name = text(fields.get("package"));
  const version = text(fields.get("version"));
  if (name === undefined || version === undefined) return undefined;
  const architecture = text(fields.get("architecture"));
  const vendor = text(fields.get("maintainer"));
  return {
    type: "deb",
    name,
    version,
    ...(architecture !== undefined && { architecture }),
    source: sourceOf(text(fields.get("source")), name, version),
    ...(vendor !== undefined && { vendor }),
  };
}

/** `Source: name (version)`; without it, or without its version, the package's own. */
function sourceOf(field: string | undefined, name: string, version: string): { name: string; version: string } {
  if (field === undefined) return { name, version };
  const open = field.indexOf("(");
  const close = field.indexOf(")", open);
  if (open < 0 || close < 0) return { name: field.split(/\s/)[0] ?? name, version };
  return { name: field.slice(0, open).trim() || name, version: field.slice(open + 1, close).trim() || version };
}

/** Lines of paths (`.list`, absolute), or of a digest, two blanks and a path (`.md5sums`, relative). */
function ownership(file: WantedFile): Facts {
  const facts = buildFacts();
  const base = file.path.slice(file.path.lastIndexOf("/") + 1);
  const name = text(base.replace(/\.(list|md5sums)$/, "").split(":")[0]);
  if (name === undefined) return {};
  const paths: string[] = [];
  for (const line of linesOf(file.content)) {
    const path = file.path.endsWith(".list") ? line.slice(1) : line.slice(line.indexOf(" ") + 1).trim();
    if (path !== "" && file.isLanguageEvidence(path)) paths.push(path);
  }
  facts.own({ type: "deb", name }, paths);
  return facts.facts();
}
