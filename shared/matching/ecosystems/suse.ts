import type { Distribution } from "../../inventory/types.ts";
import type { Ecosystem } from "../ecosystem.ts";
import { rpmSourceSubject, rpmThirdParty } from "../subjects.ts";

const ids = new Set(["sles", "sled", "sle_hpc", "sles_sap", "suse"]);

/** `15.4` -> `15 SP4`, `15` -> `15`, as the names of products have it. */
function servicePack(distribution: Distribution): string | undefined {
  const found = /^([0-9]+)(?:\.([0-9]+))?$/.exec(distribution.versionId ?? "");
  if (found?.[1] === undefined) return undefined;
  return found[2] === undefined || found[2] === "0" ? found[1] : `${found[1]} SP${found[2]}`;
}

export const ecosystem: Ecosystem = {
  name: "SUSE",
  type: "rpm",
  kind: "os",
  shards(distribution, available) {
    if (distribution === undefined || !ids.has(distribution.id)) return undefined;
    const release = servicePack(distribution);
    // An image takes its packages from the modules and from the server product with its long term updates; the other
    // products of the same service pack (for SAP, BCL, Teradata) are sold apart and have builds of their own.
    const product = new RegExp(`^SUSE:Linux Enterprise (?:Module for .+|Server|Desktop) ${release}(?:-LTSS.*)?$`);
    return { primary: release === undefined ? [] : available.filter((shard) => product.test(shard)) };
  },
  subject: rpmSourceSubject,
  thirdParty: rpmThirdParty(/SUSE/),
};
