import { type Ecosystem, present } from "../ecosystem.ts";
import { rpmSourceSubject, rpmThirdParty } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Fedora",
  type: "rpm",
  kind: "os",
  shards: (distribution, available) =>
    distribution?.id === "fedora"
      ? { primary: present([`Fedora:${distribution.versionId ?? ""}`], available) }
      : undefined,
  subject: rpmSourceSubject,
  thirdParty: rpmThirdParty(/^Fedora/),
};
