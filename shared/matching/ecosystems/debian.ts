import { debianRelease } from "../../advisories/reading/debian-releases.ts";
import { type Ecosystem, majorOf, present } from "../ecosystem.ts";
import { debThirdParty, sourceSubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Debian",
  type: "deb",
  kind: "os",
  shards(distribution, available) {
    if (distribution?.id !== "debian") return undefined;
    // Testing and unstable have no VERSION_ID; both call themselves by the name of the next release.
    const release = majorOf(distribution) ?? debianRelease(distribution.codename ?? "");
    return { primary: release === undefined ? [] : present([`Debian:${release}`], available) };
  },
  subject: sourceSubject,
  thirdParty: debThirdParty,
};
