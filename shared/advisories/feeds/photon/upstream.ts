import { PermanentError } from "../../../platform/errors.ts";
import { decompressedFile } from "../../sources/compressed.ts";
import type { SourceDocument } from "../../sources/document.ts";
import { jsonMembers } from "../../sources/json-members.ts";
import type { FeedUpstream } from "../../types.ts";

/** The rows do not name their release. */
export function releaseOfFile(file: string): string | undefined {
  return /(?:^|\/)cve_data_photon([0-9]+\.[0-9]+)\.json(?:$|\.)/.exec(file)?.[1];
}

const releases = ["1.0", "2.0", "3.0", "4.0", "5.0"];

async function* rowsOf(path: string, file: string): AsyncGenerator<SourceDocument> {
  for await (const { bytes } of jsonMembers(decompressedFile(path))) {
    yield bytes === undefined ? { file, bytes: Buffer.alloc(0), problem: "larger than allowed" } : { file, bytes };
  }
}

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
    const fetched = await fetcher.file(file, { conditional: true });
    if (fetched.unchanged) return fetched;
    return { unchanged: false, extent: "whole", documents: rowsOf(fetched.path, file) };
  },
};
