import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject, rpmSourceSubject, rpmThirdParty } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Photon OS",
  type: "rpm",
  kind: "os",
  shards: (distribution, available) =>
    distribution?.id === "photon"
      ? { primary: present([`Photon OS:${distribution.versionId ?? ""}`], available) }
      : undefined,
  subject: binarySubject,
  sourceSubject: rpmSourceSubject,
  advisoriesOmitEpoch: true,
  thirdParty: rpmThirdParty(/^(?:VMware|Broadcom)/),
};
