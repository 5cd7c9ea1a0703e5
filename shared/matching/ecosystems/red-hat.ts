import type { Distribution } from "../../inventory/types.ts";
import { type Ecosystem, type ExtendedStream, majorOf, present } from "../ecosystem.ts";
import { binarySubject, rpmThirdParty } from "../subjects.ts";

/** CentOS rebuilds RHEL and has no advisories of its own. */
const ids = new Set(["rhel", "centos"]);

/**
 * Minor releases with longer support publish fixes of their own versions (`1.2-3.el9_2.1` where the main stream has
 * `1.2-9.el9`). A build of that minor release at or after such a fix has it, whichever repository it is from.
 */
function minorStreams(distribution: Distribution, available: readonly string[]): readonly ExtendedStream[] {
  const major = majorOf(distribution);
  const minors = new Map<string, string[]>();
  for (const shard of available) {
    const minor = /^Red Hat:rhel_(?:eus|aus|tus|e4s|eus_long_life):([0-9]+\.[0-9]+)$/.exec(shard)?.[1];
    if (minor === undefined || minor.split(".", 1)[0] !== major) continue;
    minors.set(minor, [...(minors.get(minor) ?? []), shard]);
  }
  return [...minors].map(([minor, shards]) => {
    const build = new RegExp(`\\.el${minor.replace(".", "_")}(?![0-9])`);
    return { shards, builtFor: (version) => build.test(version) };
  });
}

export const ecosystem: Ecosystem = {
  name: "Red Hat",
  type: "rpm",
  kind: "os",
  shards(distribution, available) {
    if (distribution === undefined || !ids.has(distribution.id)) return undefined;
    return {
      primary: present([`Red Hat:enterprise_linux:${majorOf(distribution) ?? ""}`], available),
      extended: minorStreams(distribution, available),
    };
  },
  subject: binarySubject,
  thirdParty: rpmThirdParty(/^(?:Red Hat|CentOS)/),
};
