import { type Ecosystem, majorOf, present } from "../ecosystem.ts";
import { binarySubject, rpmThirdParty } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "AlmaLinux",
  type: "rpm",
  kind: "os",
  shards: (distribution, available) =>
    distribution?.id === "almalinux"
      ? { primary: present([`AlmaLinux:${majorOf(distribution) ?? ""}`], available) }
      : undefined,
  subject: binarySubject,
  advisoriesOmitEpoch: true,
  thirdParty: rpmThirdParty(/^AlmaLinux/),
};
