import { type Ecosystem, majorOf, present } from "../ecosystem.ts";
import { binarySubject, rpmThirdParty } from "../subjects.ts";

/** Rebuilds that are certified for FIPS 140, and ones that Ksplice can patch while they run. */
function flavourOf(version: string): string {
  if (/_fips(?![a-z])/.test(version)) return "fips";
  return /\.ksplice[0-9]/.test(version) ? "ksplice" : "";
}

export const ecosystem: Ecosystem = {
  name: "Oracle Linux",
  type: "rpm",
  kind: "os",
  shards: (distribution, available) =>
    distribution?.id === "ol"
      ? { primary: present([`Oracle Linux:${majorOf(distribution) ?? ""}`], available) }
      : undefined,
  subject: binarySubject,
  flavour: flavourOf,
  thirdParty: rpmThirdParty(/^Oracle/),
};
