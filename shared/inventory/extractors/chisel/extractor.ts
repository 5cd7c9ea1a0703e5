/**
 * Ubuntu packages of which Chisel installed slices: a zstd-compressed list of JSON objects, one per line, at the place
 * that the slice definitions say (`var/lib/chisel/` by default).
 * https://documentation.ubuntu.com/chisel/en/latest/reference/manifest/
 */
import { zstdDecompressSync } from "node:zlib";
import { limits } from "../../../platform/limits.ts";
import type { Extractor, PackageFacts, WantedFile } from "../../extractor.ts";
import { buildFacts, type FactsBuilder, linesOf, text } from "../../fields.ts";

export const extractor: Extractor = {
  name: "chisel",
  version: 1,
  kind: "os",
  wants: { basenames: ["manifest.wall"] },
  mode: "buffer",
  maxBytes: 16 * 1024 * 1024,
  extract(file) {
    const facts = buildFacts();
    const lines = linesOf(expanded(file.content));
    const header = objectOf(lines.next().value ?? "");
    if (header?.["jsonwall"] === undefined) throw new Error("not a jsonwall file");
    const owned = new Map<string, string[]>();
    for (const line of lines) {
      if (line !== "" && !readLine(line, facts, owned, file)) break;
    }
    for (const [name, paths] of owned) facts.own({ type: "deb", name }, paths);
    return facts.facts();
  },
};

function expanded(content: Buffer): Buffer {
  // A manifest may also be stored as it is.
  if (content[0] === 0x7b) return content;
  return zstdDecompressSync(content, { maxOutputLength: limits.packageManifestBytes });
}

/** False when no more packages are taken. */
function readLine(line: string, facts: FactsBuilder, owned: Map<string, string[]>, file: WantedFile): boolean {
  const object = objectOf(line);
  if (object === undefined) {
    facts.broken();
    return true;
  }
  if (object["kind"] === "content") own(object, owned, file);
  if (object["kind"] !== "package") return true;
  const one = packageOf(object);
  if (one !== undefined) return facts.add(one);
  facts.broken();
  return true;
}

function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The manifest does not say from which source a package was built. */
function packageOf(object: Record<string, unknown>): PackageFacts | undefined {
  const name = text(object["name"]);
  const version = text(object["version"]);
  if (name === undefined || version === undefined) return undefined;
  const architecture = text(object["arch"]);
  return { type: "deb", name, version, ...(architecture !== undefined && { architecture }) };
}

/** A slice is named `package_slice`; package names have no underscore. */
function own(object: Record<string, unknown>, owned: Map<string, string[]>, file: WantedFile): void {
  const name = text(object["slice"])?.split("_", 1)[0];
  const path = text(object["path"], limits.pathBytes)?.replace(/^\/+/, "");
  if (name === undefined || path === undefined || !file.isLanguageEvidence(path)) return;
  const paths = owned.get(name);
  if (paths === undefined) owned.set(name, [path]);
  else paths.push(path);
}
