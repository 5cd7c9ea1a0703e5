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
    const fips = present([`Ubuntu:Pro:FIPS-updates:${release}:LTS`, `Ubuntu:Pro:FIPS:${release}:LTS`], available);
    return {
      primary: present([`Ubuntu:${release}:LTS`, `Ubuntu:${release}`], available),
      extended: [
        // Fixes of Expanded Security Maintenance: builds carry `+esm1` or `~esm1`.
        { shards: pro, builtFor: (version) => /[+~]esm[0-9]/.test(version), mark: "fixed-in-ubuntu-pro" },
        // Validated modules are older builds with fixes of their own: `3.0.2-0ubuntu1.12+Fips1`, `1.1.1f-1ubuntu2.fips.7`.
        { shards: fips, builtFor: (version) => /[+.~]fips/i.test(version) },
      ],
    };
  },
  subject: sourceSubject,
  thirdParty: debThirdParty,
};
