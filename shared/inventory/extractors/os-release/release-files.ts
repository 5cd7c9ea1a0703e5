/** The files that named a distribution before os-release did, and still do beside it. */
import { linesOf, text } from "../../fields.ts";
import type { Distribution } from "../../types.ts";
import { readAssignments } from "./assignments.ts";

type Reader = (content: Buffer) => Distribution | undefined;

/**
 * In the order in which they count: Ubuntu has a `debian_version` that names Debian's next release, rebuilds of Red
 * Hat have a `redhat-release` of the same text as their own.
 */
const readers: Readonly<Record<string, Reader>> = {
  "etc/lsb-release": lsbRelease,
  "etc/openwrt_release": lsbRelease,
  "etc/oracle-release": namedRelease,
  "etc/almalinux-release": namedRelease,
  "etc/rocky-release": namedRelease,
  "etc/centos-release": namedRelease,
  "etc/fedora-release": namedRelease,
  "etc/system-release": namedRelease,
  "etc/redhat-release": namedRelease,
  "etc/azurelinux-release": namedRelease,
  "etc/mariner-release": namedRelease,
  "etc/photon-release": namedRelease,
  "etc/SuSE-release": suseRelease,
  "etc/alpine-release": (content) =>
    distribution("alpine", /^[0-9]+\.[0-9][0-9A-Za-z._]*$/.exec(firstLine(content))?.[0]),
  "etc/debian_version": debianVersion,
};

export const releaseFiles: readonly string[] = Object.keys(readers);

/** What one of `releaseFiles` says, if it is in its known form. */
export function releaseOf(path: string, content: Buffer): Distribution | undefined {
  return readers[path]?.(content);
}

function firstLine(content: Buffer): string {
  return text(linesOf(content).next().value ?? "") ?? "";
}

function distribution(
  id: string,
  versionId: string | undefined,
  more: Pick<Distribution, "codename" | "name"> = {},
): Distribution | undefined {
  const { codename } = more;
  if (versionId === undefined && codename === undefined) return undefined;
  return { id, ...(versionId !== undefined && { versionId }), idLike: [], ...more };
}

function lsbRelease(content: Buffer): Distribution | undefined {
  const values = readAssignments(content);
  const id = text(values.get("DISTRIB_ID"), 64)?.toLowerCase();
  const codename = text(values.get("DISTRIB_CODENAME"), 64);
  const name = text(values.get("DISTRIB_DESCRIPTION"));
  // An ID of several words is a name, not what os-release would have.
  if (id === undefined || !/^[a-z0-9._-]+$/.test(id)) return undefined;
  return distribution(id, text(values.get("DISTRIB_RELEASE"), 64), {
    ...(codename !== undefined && { codename }),
    ...(name !== undefined && { name }),
  });
}

const names: readonly (readonly [begins: RegExp, id: string])[] = [
  [/^CentOS\b/, "centos"],
  [/^Red Hat Enterprise Linux\b/, "rhel"],
  [/^Oracle Linux\b/, "ol"],
  [/^AlmaLinux\b/, "almalinux"],
  [/^Rocky Linux\b/, "rocky"],
  [/^Fedora\b/, "fedora"],
  [/^Amazon Linux\b/, "amzn"],
  [/^Scientific Linux\b/, "scientific"],
  [/^VMware Photon\b/, "photon"],
  [/^CBL-Mariner\b/, "mariner"],
  [/^(?:Microsoft )?Azure ?Linux\b/, "azurelinux"],
];

/** `CentOS Linux release 7.9.2009 (Core)`, `VMware Photon OS 3.0`, `CBL-Mariner 2.0.20220226`. */
function namedRelease(content: Buffer): Distribution | undefined {
  const name = firstLine(content);
  const id = names.find(([begins]) => begins.test(name))?.[1];
  if (id === undefined) return undefined;
  // The third part is a date.
  const version = /\s([0-9]+(?:\.[0-9]+)?)(?:\.[0-9]+)*(?:\s|$)/.exec(name)?.[1];
  return distribution(id, version, { name });
}

/** `SUSE Linux Enterprise Server 11 (x86_64)`, then `VERSION = 11` and `PATCHLEVEL = 4`. */
function suseRelease(content: Buffer): Distribution | undefined {
  const name = firstLine(content);
  const values = new Map<string, string>();
  for (const line of linesOf(content)) {
    const [, key, value] = /^([A-Z]+)\s*=\s*([0-9]+(?:\.[0-9]+)?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, value);
  }
  const version = values.get("VERSION");
  const level = values.get("PATCHLEVEL");
  if (/^openSUSE\b/i.test(name)) return distribution("opensuse", version, { name });
  if (!/^SUSE Linux Enterprise\b/.test(name)) return undefined;
  const servicePack = version === undefined || level === undefined || level === "0" ? version : `${version}.${level}`;
  return distribution(/\bDesktop\b/.test(name) ? "sled" : "sles", servicePack, { name });
}

/** `12.5`, or before a release `trixie/sid`. */
function debianVersion(content: Buffer): Distribution | undefined {
  const line = firstLine(content);
  const codename = /^([a-z]+)\/sid$/.exec(line)?.[1];
  if (codename !== undefined) return distribution("debian", undefined, { codename });
  return distribution("debian", /^[0-9]+(?:\.[0-9]+)*$/.exec(line)?.[0]);
}
