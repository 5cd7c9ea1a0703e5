/**
 * https://ftp.suse.com/pub/projects/security/oval/: a file for each service pack and release, made anew when something
 * in it changes. (The same is there as CSAF, as one bzip2 archive of some 400 MB: it is read from files.)
 */
import { PermanentError } from "../../../platform/errors.ts";
import { fetchWhole } from "../../sources/whole-file.ts";
import { xmlDocumentsIn } from "../../sources/xml-documents.ts";
import type { FeedUpstream } from "../../types.ts";

const enterprise = ["12-sp5", "15-sp2", "15-sp3", "15-sp4", "15-sp5", "15-sp6", "15-sp7"];
const open = ["leap.15.4", "leap.15.5", "leap.15.6", "tumbleweed"];

function fileOf(part: string): string {
  if (enterprise.includes(part)) return `suse.linux.enterprise.${part}-affected.xml.gz`;
  if (open.includes(part)) return `opensuse.${part}-affected.xml.gz`;
  throw new PermanentError("advisories-refused", `SUSE has no release ${part}`);
}

/** `opensuse.leap.15.6` of `opensuse.leap.15.6-affected.xml.gz`; empty for other files. */
export function releaseOfFile(file: string): string {
  return /(?:^|\/)((?:open)?suse\.[\w.-]+?)(?:-affected|-patch)?\.xml(?:$|\.)/.exec(file)?.[1] ?? "";
}

export const upstream: FeedUpstream = {
  url: "https://ftp.suse.com/pub/projects/security/oval",
  enabled: true,
  attribution: "SUSE Linux Enterprise and openSUSE security data, https://www.suse.com/security/cve/",
  redistributable: true,
  staleAfterHours: 72,
  parts: (wants) => [...(wants("SUSE") ? enterprise : []), ...(wants("openSUSE") ? open : [])],
  async fetch(part, fetcher) {
    const file = fileOf(part);
    return fetchWhole(fetcher, file, (stored) => xmlDocumentsIn(stored, file));
  },
};
