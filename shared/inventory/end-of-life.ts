/** When security fixes end for the release that an image is made of. */
import { endOfLifeDates } from "./end-of-life-dates.ts";
import type { Distribution, EndOfLife } from "./types.ts";

/** Other IDs under which the same releases go. */
const aliases: Readonly<Record<string, string>> = {
  redhat: "rhel",
  mariner: "azurelinux",
  opensuse: "opensuse-leap",
  sled: "sles",
  sles_sap: "sles",
  sle_hpc: "sles",
  suse: "sles",
};

/** Undefined for rolling releases, and for those whose end is not known. */
export function endOfLifeOf(distribution: Distribution): EndOfLife | undefined {
  const { versionId, codename } = distribution;
  const product = productOf(distribution);
  const known = Object.hasOwn(endOfLifeDates, product) ? endOfLifeDates[product] : undefined;
  if (known === undefined) return undefined;
  const release = versionId === undefined ? known.codenames?.[codename ?? ""] : releaseOf(versionId, known.parts);
  const dates = release !== undefined && Object.hasOwn(known.dates, release) ? known.dates[release] : undefined;
  if (dates === undefined) return undefined;
  const [standard, extended] = dates;
  return { standard, ...(extended !== undefined && { extended }) };
}

function productOf({ id, name }: Distribution): string {
  // Both are `ID=centos`; the Stream of a release ends at another time.
  if (id === "centos" && /\bStream\b/.test(name ?? "")) return "centos-stream";
  return Object.hasOwn(aliases, id) ? (aliases[id] ?? id) : id;
}

/** The first parts of a version, when they are numbers: `3.21_alpha20240807` is of no release. */
function releaseOf(version: string, parts: number | undefined): string | undefined {
  if (parts === undefined) return version;
  const numbers = version.split(".").slice(0, parts);
  return numbers.length === parts && numbers.every((one) => /^[0-9]+$/.test(one)) ? numbers.join(".") : undefined;
}
