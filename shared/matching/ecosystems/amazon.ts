import type { Package } from "../../inventory/types.ts";
import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject, rpmThirdParty } from "../subjects.ts";

/** Releases have orders of builds of their own: `2018.03` is of release 1, which counts by years and months. */
function releaseOf(version: string): string {
  return /^201[0-9]\.[0-9]{2}$/.test(version) ? "1" : version;
}

/**
 * Release 2 has repositories beside its core (`kernel-5.10`, `php8.0`) with newer builds of the same names. Where the
 * repository of a package is not known, its version tells: that of a kernel, or of a package that the repository is
 * named after, begins as the repository's name ends.
 */
function isFrom(item: Package, products: readonly string[]): boolean {
  const [topic] = products;
  if (topic === undefined) return true;
  if (item.repository !== undefined) return item.repository.toLowerCase() === `amzn2extra-${topic}`;
  const [, word = "", number] = /^(.*?)-?([0-9]+(?:\.[0-9]+)*)$/.exec(topic) ?? [];
  if (number === undefined || !(word === "kernel" || item.name.toLowerCase().startsWith(word))) return true;
  return new RegExp(`^(?:[0-9]+:)?${number.replaceAll(".", "\\.")}(?![0-9])`).test(item.version);
}

export const ecosystem: Ecosystem = {
  name: "Amazon Linux",
  type: "rpm",
  kind: "os",
  shards(distribution, available) {
    if (distribution?.id !== "amzn") return undefined;
    return { primary: present([`Amazon Linux:${releaseOf(distribution.versionId ?? "")}`], available) };
  },
  subject: binarySubject,
  isFrom,
  thirdParty: rpmThirdParty(/^Amazon/),
};
