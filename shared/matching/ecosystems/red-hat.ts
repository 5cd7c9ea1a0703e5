import type { Distribution } from "../../inventory/types.ts";
import { type Ecosystem, type ExtendedStream, majorOf } from "../ecosystem.ts";
import { binarySubject, rpmSourceSubject, rpmThirdParty } from "../subjects.ts";

/** CentOS rebuilds RHEL and has no advisories of its own. */
const ids = new Set(["rhel", "centos"]);

/** From release 10 on OSV records name the minor release too (`enterprise_linux:10.1`). */
const main = /^Red Hat:enterprise_linux:([0-9]+)(?:\.[0-9]+)?$/;

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
    const products = shards.map((shard) => shard.slice("Red Hat:".length));
    return {
      shards,
      builtFor: (version) => build.test(version),
      // `cpe:/a:redhat:rhel_eus:9.2::appstream`
      offeredBy: (cpe) => products.includes(/^cpe:\/[ao]:redhat:([^:]+:[^:]+)(?:::|$)/.exec(cpe)?.[1] ?? ""),
    };
  });
}

/**
 * Extended Life Cycle Support goes on with the last minor release of a major one: builds at or after such a fix have it,
 * and where there is no other, it is told that there is this one.
 */
function extendedLife(distribution: Distribution, available: readonly string[]): readonly ExtendedStream[] {
  const major = majorOf(distribution) ?? "";
  const shards = available.filter((shard) => shard === `Red Hat:rhel_els:${major}`);
  const build = new RegExp(`\\.el${major}(?:_|$)`);
  return shards.length === 0
    ? []
    : [{ shards, builtFor: (version) => build.test(version), mark: "fixed-in-red-hat-els" }];
}

const fastDatapath = /\.el[0-9]+fdp/;

/** `9.2` of `1.2-3.el9_2.1` and of `1.2-3.module+el9.2.0+1+2`. */
function minorReleaseOf(version: string): string | undefined {
  const found = /\.el([0-9]+)_([0-9]+)/.exec(version) ?? /\.module\+el([0-9]+)\.([0-9]+)\./.exec(version);
  return found === null ? undefined : `${found[1]}.${found[2]}`;
}

export const ecosystem: Ecosystem = {
  name: "Red Hat",
  type: "rpm",
  kind: "os",
  shards(distribution, available) {
    if (distribution === undefined || !ids.has(distribution.id)) return undefined;
    return {
      primary: available.filter((shard) => main.exec(shard)?.[1] === majorOf(distribution)),
      extended: [...minorStreams(distribution, available), ...extendedLife(distribution, available)],
    };
  },
  subject: binarySubject,
  sourceSubject: rpmSourceSubject,
  minorRelease: minorReleaseOf,
  repositoryTable: "red-hat-repositories",
  // Fast Datapath has builds of the same names, in an order of versions of their own.
  isFrom: ({ version }, products) =>
    fastDatapath.test(version) === products.some((cpe) => cpe.endsWith("fastdatapath")),
  thirdParty: rpmThirdParty(/^(?:Red Hat|CentOS)/),
};
