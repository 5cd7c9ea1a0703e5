import type { Distribution } from "../../inventory/types.ts";
import type { Ecosystem } from "../ecosystem.ts";
import { binarySubject, rpmSourceSubject, rpmThirdParty } from "../subjects.ts";

const ids = new Set(["sles", "sled", "sle_hpc", "sles_sap", "suse"]);

/** `15.4` -> `15 SP4`, `15` -> `15`, `16.0` -> `16.0`, as the names of products have it. */
function servicePack(distribution: Distribution): string | undefined {
  const [whole, major, minor] = /^([0-9]+)(?:\.([0-9]+))?$/.exec(distribution.versionId ?? "") ?? [];
  if (major === undefined || Number(major) >= 16) return whole;
  return minor === undefined || minor === "0" ? major : `${major} SP${minor}`;
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
    const product = new RegExp(
      `^SUSE:Linux Enterprise (?:Module for .+|Server|Desktop) ${release?.replace(".", "\\.")}(?:-LTSS.*)?$`,
    );
    return { primary: release === undefined ? [] : available.filter((shard) => product.test(shard)) };
  },
  subject: binarySubject,
  sourceSubject: rpmSourceSubject,
  thirdParty: rpmThirdParty(/SUSE/),
};
