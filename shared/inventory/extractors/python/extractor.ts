/**
 * Installed Python distributions: `*.dist-info/METADATA` (PEP 376, core metadata), `*.egg-info/PKG-INFO` and
 * `*.egg-info` files. https://packaging.python.org/en/latest/specifications/core-metadata/. Beside them `INSTALLER` says
 * which tool installed a distribution, and `direct_url.json` where it came from when not from an index.
 */
import { parseJson } from "../../documents/json.ts";
import { member } from "../../documents/value.ts";
import type { Extractor, Facts, WantedFile } from "../../extractor.ts";
import { text } from "../../fields.ts";
import type { Evidence } from "../../types.ts";

/** PEP 508. */
const validName = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const companionNames = ["INSTALLER", "direct_url.json"];

export const extractor: Extractor = {
  name: "python",
  version: 2,
  kind: "language",
  wants: {
    basenames: ["METADATA", "PKG-INFO", ...companionNames],
    suffixes: [".egg-info"],
    accept: (path) =>
      /(\.dist-info\/(METADATA|INSTALLER|direct_url\.json)|\.egg-info\/PKG-INFO|\.egg-info)$/.test(path) &&
      !isInTests(path),
  },
  mode: "buffer",
  maxBytes: 8 * 1024 * 1024,
  companions: (path) =>
    path.endsWith(".dist-info/METADATA")
      ? companionNames.map((name) => path.slice(0, path.lastIndexOf("/") + 1) + name)
      : [],
  extract: (file) => (/\.dist-info\/(INSTALLER|direct_url\.json)$/.test(file.path) ? {} : distribution(file)),
};

/** Test data of installed packages (of setuptools, for example) holds metadata too. */
function isInTests(path: string): boolean {
  const installed = Math.max(path.lastIndexOf("site-packages/"), path.lastIndexOf("dist-packages/"));
  return installed >= 0 && /\/(tests?|testdata|fixtures)\//.test(path.slice(installed));
}

function distribution(file: WantedFile): Facts {
  const headers = readHeaders(file.content.toString("utf8"));
  const name = text(headers.get("name")?.[0]);
  const version = text(headers.get("version")?.[0]);
  if (name === undefined || version === undefined || !validName.test(name)) {
    return { partial: [{ reason: "broken-record", detail: "no usable name or version" }] };
  }
  const folder = file.path.slice(0, file.path.lastIndexOf("/") + 1);
  const installer = text(file.companions.get(`${folder}INSTALLER`)?.toString("utf8"), 64);
  const qualifiers = originOf(file.companions.get(`${folder}direct_url.json`));
  const licenses = licensesOf(headers);
  const evidence = evidenceAt(file.path);
  return {
    packages: [
      {
        type: "pypi",
        name,
        version,
        ...(evidence && { evidence }),
        ...(qualifiers && { qualifiers }),
        ...(installer !== undefined && { installer }),
        ...(licenses.length > 0 && { licenses }),
      },
    ],
  };
}

/** Copies inside other distributions, and conda's unpacked archives, from which environments are linked or copied. */
function evidenceAt(path: string): Evidence | undefined {
  if (/\/(_vendor|_vendored|vendored)\//.test(path)) return "vendored";
  return /(^|\/)pkgs\/[^/]+\/(lib\/python[^/]*\/)?site-packages\//.test(path) ? "archive" : undefined;
}

const wantedHeaders = new Set(["name", "version", "license", "license-expression", "classifier"]);

/** The values of each wanted header, up to the blank line before the description. */
function readHeaders(metadata: string): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  let at = 0;
  while (at < metadata.length) {
    const newline = metadata.indexOf("\n", at);
    const end = newline < 0 ? metadata.length : newline;
    const line = metadata.slice(at, end);
    at = end + 1;
    if (line.trim() === "") break;
    const colon = line.indexOf(":");
    if (colon <= 0 || line.startsWith(" ") || line.startsWith("\t")) continue;
    const name = line.slice(0, colon).replace("\ufeff", "").toLowerCase();
    if (!wantedHeaders.has(name)) continue;
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [line.slice(colon + 1)]);
    else if (values.length < 200) values.push(line.slice(colon + 1));
  }
  return headers;
}

/** The expression; or the field of older metadata; or what the classifiers say. */
function licensesOf(headers: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const stated = text(headers.get("license-expression")?.[0]) ?? text(headers.get("license")?.[0]);
  if (stated !== undefined && stated.toUpperCase() !== "UNKNOWN") return [stated];
  const classified = (headers.get("classifier") ?? []).flatMap((one) => {
    const [, ...parts] = one.trim().split(" :: ");
    return one.trim().startsWith("License :: ") && parts.at(-1) !== "OSI Approved" ? (text(parts.at(-1)) ?? []) : [];
  });
  return [...new Set(classified)].slice(0, 20);
}

/**
 * https://packaging.python.org/en/latest/specifications/direct-url/ as purl qualifiers, without credentials. A folder
 * of the machine that built the image says nothing.
 */
function originOf(content: Buffer | undefined): Record<string, string> | undefined {
  if (content === undefined) return undefined;
  let origin: unknown;
  try {
    origin = parseJson(content.toString("utf8"));
  } catch {
    // The distribution itself is told all the same.
    return undefined;
  }
  const url = plainUrl(member(origin, "url"));
  if (url === undefined) return undefined;
  const vcs = text(member(member(origin, "vcs_info"), "vcs"), 16);
  const commit = text(member(member(origin, "vcs_info"), "commit_id"), 128);
  if (vcs !== undefined) return { vcs_url: `${vcs}+${url}${commit === undefined ? "" : `@${commit}`}` };
  return member(origin, "archive_info") === undefined ? undefined : { download_url: url };
}

function plainUrl(value: unknown): string | undefined {
  const stated = text(value, 1024);
  if (stated === undefined || !URL.canParse(stated)) return undefined;
  const url = new URL(stated);
  return /^(https?|ssh|git):$/.test(url.protocol) && url.host !== ""
    ? `${url.protocol}//${url.host}${url.pathname}`
    : undefined;
}
