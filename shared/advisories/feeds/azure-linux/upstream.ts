import { fetchWhole } from "../../sources/whole-file.ts";
import { xmlDocumentsIn } from "../../sources/xml-documents.ts";
import type { FeedUpstream } from "../../types.ts";

/** Releases before 3 were called CBL-Mariner. */
const files: Readonly<Record<string, string>> = {
  "1": "cbl-mariner-1.0-oval.xml",
  "2": "cbl-mariner-2.0-oval.xml",
  "3": "azurelinux-3.0-oval.xml",
};

/** `3` of `azurelinux-3.0-oval.xml`: the definitions themselves do not name their release. */
export function releaseOfFile(file: string): string | undefined {
  return /(?:mariner|azure-?linux)[\w-]*?-([0-9]+)\.[0-9]+-oval\.xml/.exec(file)?.[1];
}

export const upstream: FeedUpstream = {
  url: "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main",
  enabled: true,
  licence: "MIT",
  attribution: "Azure Linux, https://github.com/microsoft/AzureLinuxVulnerabilityData",
  redistributable: true,
  staleAfterHours: 72,
  parts: (wants) => (wants("Azure Linux") ? Object.keys(files) : []),
  fetch(part, fetcher) {
    const file = files[part] ?? "";
    return fetchWhole(fetcher, file, (stored) => xmlDocumentsIn(stored, file));
  },
};
