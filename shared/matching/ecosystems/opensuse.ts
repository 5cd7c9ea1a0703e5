import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject, rpmSourceSubject, rpmThirdParty } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "openSUSE",
  type: "rpm",
  kind: "os",
  shards(distribution, available) {
    if (distribution?.id === "opensuse-tumbleweed") return { primary: present(["openSUSE:Tumbleweed"], available) };
    if (distribution?.id !== "opensuse-leap") return undefined;
    const release = `openSUSE:Leap ${distribution.versionId ?? ""}`;
    return { primary: present([release, `${release} NonFree`], available) };
  },
  subject: binarySubject,
  sourceSubject: rpmSourceSubject,
  thirdParty: rpmThirdParty(/SUSE/),
};
