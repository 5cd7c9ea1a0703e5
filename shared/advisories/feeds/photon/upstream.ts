import { PermanentError } from "../../../platform/errors.ts";
import { fetchWhole, memberDocuments } from "../../sources/whole-file.ts";
import type { FeedUpstream } from "../../types.ts";

/** The rows do not name their release. */
export function releaseOfFile(file: string): string | undefined {
  return /(?:^|\/)cve_data_photon([0-9]+\.[0-9]+)\.json(?:$|\.)/.exec(file)?.[1];
}

const releases = ["1.0", "2.0", "3.0", "4.0", "5.0"];

export const upstream: FeedUpstream = {
  url: "https://packages.vmware.com/photon/photon_cve_metadata",
  enabled: true,
  attribution: "Photon OS, https://github.com/vmware/photon/wiki",
  redistributable: true,
  staleAfterHours: 72,
  parts: (wants) => releases.filter((release) => wants(`Photon OS:${release}`)),
  async fetch(part, fetcher) {
    const file = `cve_data_photon${part}.json`;
    if (releaseOfFile(file) === undefined) throw new PermanentError("advisories-refused", `no release ${part}`);
    return fetchWhole(fetcher, file, (stored) => memberDocuments(stored, file));
  },
};
