/** The names under which packages of each package manager meet advisories. */
import type { Package } from "../inventory/types.ts";
import type { Subject } from "./ecosystem.ts";

/** By source package and source version: Debian, Ubuntu and Alpine publish advisories about those. */
export function sourceSubject(item: Package): Subject {
  return item.source === undefined
    ? { name: item.name, version: item.version }
    : { name: item.source.name, version: item.source.version };
}

/** By the binary package alone: Red Hat and Alma list every package of an update. */
export function binarySubject(item: Package): Subject {
  return { name: item.name, version: item.version };
}

/**
 * By source package: Rocky and SUSE. The epoch of a source package is not in SOURCERPM: `perl-Errno` is `0:1.30`,
 * built from perl `4:5.32`. It is known only where the package is the source's namesake, of the same version.
 */
export function rpmSourceSubject(item: Package): Subject {
  const { source } = item;
  if (source === undefined || withoutEpoch(item.version) === withoutEpoch(source.version)) {
    return { name: source?.name ?? item.name, version: item.version };
  }
  return { name: source.name, version: withoutEpoch(source.version), epochUnknown: true };
}

export function withoutEpoch(version: string): string {
  return version.replace(/^[0-9]+:/, "");
}

const thirdPartyMaintainers: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/@docker\.com>?$/i, "Docker"],
  [/@nodesource\.com>?$/i, "NodeSource"],
  [/@nvidia\.com>?$/i, "NVIDIA"],
  [/@mongodb\.com>?$/i, "MongoDB"],
  [/@elastic\.co>?$/i, "Elastic"],
  [/@hashicorp\.com>?$/i, "HashiCorp"],
  [/@grafana\.com>?$/i, "Grafana"],
  [/@(?:nginx\.com|nginx\.org|f5\.com)>?$/i, "NGINX"],
  [/@datadoghq\.com>?$/i, "Datadog"],
  [/@oss\.oracle\.com>?$/i, "Oracle"],
  [/@(?:github|gitlab)\.com>?$/i, "GitHub or GitLab"],
  [/@microsoft\.com>?$/i, "Microsoft"],
];

/** deb packages name a person; these are known to publish repositories of their own. */
export function debThirdParty(item: Package): string | undefined {
  const { vendor } = item;
  const known = vendor && thirdPartyMaintainers.find(([pattern]) => pattern.test(vendor))?.[1];
  return known || (/\.pgdg[0-9.+]*/.test(item.version) ? "PostgreSQL" : undefined);
}

/** rpm packages name a vendor: any but the distribution's own is another's. No vendor says nothing. */
export function rpmThirdParty(own: RegExp): (item: Package) => string | undefined {
  return ({ vendor }) => (vendor === undefined || vendor === "" || own.test(vendor) ? undefined : vendor);
}
