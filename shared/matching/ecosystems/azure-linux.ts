import { type Ecosystem, majorOf, present } from "../ecosystem.ts";
import { rpmSourceSubject, rpmThirdParty } from "../subjects.ts";

/** Releases before 3 call themselves `mariner`. */
const ids = new Set(["azurelinux", "mariner"]);

export const ecosystem: Ecosystem = {
  name: "Azure Linux",
  type: "rpm",
  kind: "os",
  shards: (distribution, available) =>
    distribution !== undefined && ids.has(distribution.id)
      ? { primary: present([`Azure Linux:${majorOf(distribution) ?? ""}`], available) }
      : undefined,
  subject: rpmSourceSubject,
  // Advisories leave out epochs.
  advisoriesOmitEpoch: true,
  thirdParty: rpmThirdParty(/^Microsoft/),
};
