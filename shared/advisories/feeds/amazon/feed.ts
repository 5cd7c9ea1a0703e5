/** Amazon Linux Security Advisories: https://alas.aws.amazon.com/ */
import { PermanentError } from "../../../platform/errors.ts";
import { severityOfWord } from "../../reading/cvss.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import { affectedOf, isDebugPackage, type Statement } from "../../reading/statements.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import type { Advisory, Feed, FeedRecord } from "../../types.ts";
import { type AmazonUpdate, amazonUpdate, updateOfXml } from "./schema.ts";
import { upstream } from "./upstream.ts";

/** `ALAS2KERNEL-5.10-2022-001`: release 2, of the repository `kernel-5.10`; `ALAS-2018-939`: release 1. */
const idShape = /^ALAS(2023|2022|2)?([A-Z][A-Z0-9._-]*?)?-([0-9]{4}-[0-9]+)$/;

/** Repositories whose packages have names of their own: no builds of other repositories are meant by accident. */
const ownNames = new Set(["livepatch"]);

function placeOf(id: string): { readonly release: string; readonly repository?: string; readonly page: string } {
  const [, release = "1", topic, number] = idShape.exec(id) ?? [];
  const repository = topic?.toLowerCase();
  return {
    release,
    ...(repository !== undefined && !ownNames.has(repository) && { repository }),
    page: `${release === "1" ? "" : `AL${release}/`}ALAS${topic ?? ""}-${number ?? ""}.html`,
  };
}

function* statementsOf(update: AmazonUpdate): Generator<Statement> {
  const { release, repository } = placeOf(update.ID);
  for (const { Name: name, Epoch: epoch, Version: version, Release: build, Arch: arch } of update.Pkglist.Collection
    .Package) {
    if (arch === "src" || isDebugPackage(name)) continue;
    yield {
      ecosystem: `Amazon Linux:${release}`,
      name,
      arch,
      ...(repository !== undefined && { products: [repository] }),
      says: { fixed: `${epoch || "0"}:${version}-${build}` },
    };
  }
}

/** `2018-05-10 17:05:00`, UTC. */
function dateOf(update: AmazonUpdate): string {
  const text = update.Updated?.Date || update.Issued?.Date || "";
  const time = Date.parse(/^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{5,8}$/.test(text) ? `${text.replace(" ", "T")}Z` : text);
  if (Number.isNaN(time)) throw new PermanentError("advisory-malformed", "neither issued nor updated on a day");
  return new Date(time).toISOString();
}

function advisoryOf(update: AmazonUpdate, cves: readonly string[]): Advisory {
  const description = paragraph(update.Description ?? "");
  const severity = severityOfWord(update.Severity);
  return {
    id: update.ID,
    cves,
    bundle: true,
    database: "Amazon",
    summary: oneLine((update.Title ?? "").replace(/^Amazon Linux.* - ALAS\S+: /, "")),
    ...(description !== "" && { description }),
    ...(severity !== undefined && { severity }),
    url: `https://alas.aws.amazon.com/${placeOf(update.ID).page}`,
    modified: dateOf(update),
  };
}

function read(update: AmazonUpdate, wants: (ecosystem: string) => boolean): FeedRecord {
  if (!idShape.test(update.ID)) throw new PermanentError("advisory-malformed", `${update.ID} is not an id of Amazon's`);
  const ids = update.References?.Reference.map(({ ID: id }) => id) ?? [];
  const cves = [...new Set(ids.filter((id) => /^CVE-[0-9]{4}-[0-9]{4,19}$/.test(id)))].sort();
  if (cves.length === 0) return { kind: "ignored", reason: "no-vulnerability" };
  const affected = affectedOf([...statementsOf(update)].filter(({ ecosystem }) => wants(ecosystem)));
  if (affected.length === 0) return { kind: "ignored", reason: "other-ecosystem" };
  return { kind: "advisory", advisory: advisoryOf(update, cves), affected };
}

const isXml = (document: Buffer) => document.subarray(0, 7).toString("latin1") === "<update";

export const feed: Feed = {
  name: "amazon",
  recognises(document) {
    const head = document.toString("latin1", 0, 2048);
    return isXml(document) ? /<id>\s*ALAS/.test(head) : /^\s*\{\s*"ID"\s*:\s*"ALAS/.test(head);
  },
  read(document, { wants }) {
    const value = isXml(document) ? updateOfXml(document) : parseJson(document);
    return [read(checked(amazonUpdate, value), wants)];
  },
  upstream,
};
