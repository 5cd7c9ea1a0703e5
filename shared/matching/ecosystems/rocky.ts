import { type Ecosystem, majorOf, present } from "../ecosystem.ts";
import { rpmSourceSubject, rpmThirdParty } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Rocky Linux",
  type: "rpm",
  kind: "os",
  shards: (distribution, available) =>
    distribution?.id === "rocky"
      ? { primary: present([`Rocky Linux:${majorOf(distribution) ?? ""}`], available) }
      : undefined,
  subject: rpmSourceSubject,
  thirdParty: rpmThirdParty(/^Rocky/),
};
