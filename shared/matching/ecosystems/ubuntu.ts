import { type Ecosystem, present } from "../ecosystem.ts";
import { debThirdParty, sourceSubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Ubuntu",
  type: "deb",
  kind: "os",
  shards(distribution, available) {
    if (distribution?.id !== "ubuntu") return undefined;
    const release = distribution.versionId ?? "";
    const pro = present([`Ubuntu:Pro:${release}:LTS`], available);
    return {
      primary: present([`Ubuntu:${release}:LTS`, `Ubuntu:${release}`], available),
      // Fixes of Expanded Security Maintenance: builds carry `+esm1` or `~esm1`.
      extended: [{ shards: pro, builtFor: (version) => /[+~]esm[0-9]/.test(version), mark: "fixed-in-ubuntu-pro" }],
    };
  },
  subject: sourceSubject,
  thirdParty: debThirdParty,
};
