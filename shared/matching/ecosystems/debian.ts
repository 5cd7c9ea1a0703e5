import { type Ecosystem, majorOf, present } from "../ecosystem.ts";
import { debThirdParty, sourceSubject } from "../subjects.ts";

/** Releases by codename: testing and unstable have no VERSION_ID. */
const releases: Readonly<Record<string, string>> = {
  stretch: "9",
  buster: "10",
  bullseye: "11",
  bookworm: "12",
  trixie: "13",
  forky: "14",
  duke: "15",
};

export const ecosystem: Ecosystem = {
  name: "Debian",
  type: "deb",
  kind: "os",
  shards(distribution, available) {
    if (distribution?.id !== "debian") return undefined;
    const release = majorOf(distribution) ?? releases[distribution.codename ?? ""];
    return { primary: release === undefined ? [] : present([`Debian:${release}`], available) };
  },
  subject: sourceSubject,
  thirdParty: debThirdParty,
};
