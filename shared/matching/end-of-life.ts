/**
 * What is out of support: of it nobody publishes advisories any more, so that nothing found is no pass. By the day on
 * which the advisory set was written, so that one set always says the same.
 */
import * as z from "zod";
import { debianRelease } from "../advisories/reading/debian-releases.ts";
import type { Advisories } from "../advisories/set/store.ts";
import type { Distribution, Inventory, Package } from "../inventory/types.ts";
import { distributionName } from "./ecosystem.ts";
import type { EndOfSupport } from "./types.ts";

const table = "end-of-life";

const row = z.object({
  date: z.string().optional(),
  extended: z.string().optional(),
  reason: z.string().optional(),
});
type Dates = z.infer<typeof row>;
/** Names that begin alike: `deb-prefixes:12`. */
const prefixRows = z.array(row.extend({ prefix: z.string().min(1) }));

/** What https://endoflife.date calls distributions, where it is not their os-release ID. */
const products: Readonly<Record<string, readonly string[]>> = {
  alpine: ["alpine-linux", "alpine"],
  amzn: ["amazon-linux"],
  azurelinux: ["azure-linux"],
  mariner: ["cbl-mariner"],
  ol: ["oracle-linux"],
  "opensuse-leap": ["opensuse"],
  rocky: ["rocky-linux"],
};

/** What it calls software that no package manager installed, where it is not our own name. */
const software: Readonly<Record<string, string>> = { node: "nodejs", stdlib: "go", httpd: "apache-http-server" };

/** What of an image is out of support, the distribution first. Throws what reading the table throws. */
export async function outOfSupport(
  { distribution }: Inventory,
  packages: readonly Package[],
  advisories: Advisories,
): Promise<readonly EndOfSupport[]> {
  const { updatedAt } = advisories.age();
  if (updatedAt === undefined) return [];
  const today = updatedAt.slice(0, 10);
  const ofPackages = packages.map((item) => [item, keysOfPackage(item, distribution)] as const);
  const ofRelease = distribution === undefined ? [] : keysOfRelease(distribution);
  const rows = await advisories.rows(table, [...new Set([...ofRelease, ...ofPackages.flatMap(([, keys]) => keys)])]);
  const known = (keys: readonly string[]) => keys.map((key) => row.safeParse(rows.get(key)).data).find(Boolean);
  const ended: EndOfSupport[] = [];
  if (distribution !== undefined) {
    const dates = known(ofRelease) ?? datesOf(distribution);
    if (dates !== undefined) ended.push(...told("distribution", distributionName(distribution), dates, today));
  }
  const seen = new Set<string>();
  for (const [item, keys] of ofPackages) {
    if (keys.length === 0 || seen.has(item.purl)) continue;
    seen.add(item.purl);
    const dates = known(keys) ?? prefixed(keys, rows);
    if (dates !== undefined) ended.push(...told(item.purl, `${item.name} ${item.version}`, dates, today));
  }
  return ended;
}

/** Nothing before its day. */
function told(subject: string, name: string, { date, extended, reason }: Dates, today: string): EndOfSupport[] {
  if (date !== undefined && date >= today) return [];
  const isExtended = extended !== undefined && extended >= today;
  return [
    {
      subject,
      name,
      over: !isExtended,
      ...(date !== undefined && { since: date }),
      ...(extended !== undefined && { extended }),
      ...(reason !== undefined && { reason }),
    },
  ];
}

/** The inventory's own knowledge, where the set has none. */
function datesOf({ endOfLife }: Distribution): Dates | undefined {
  return (
    endOfLife && {
      date: endOfLife.standard,
      ...(endOfLife.extended !== undefined && { extended: endOfLife.extended }),
    }
  );
}

/** `3.20.3`, `3.20`, `3`: releases are named by some part of the version. */
function releasesOf(version: string): readonly string[] {
  const numbers = /^[0-9]+(?:\.[0-9]+)*/.exec(version)?.[0].split(".").slice(0, 4) ?? [];
  return numbers.map((_, index) => numbers.slice(0, numbers.length - index).join("."));
}

function keysOfRelease({ id, versionId, codename, name }: Distribution): readonly string[] {
  const version = versionId ?? (id === "debian" ? debianRelease(codename ?? "") : undefined) ?? "";
  const isStream = id === "centos" && /\bStream\b/.test(name ?? "");
  const ids = isStream ? ["centos-stream"] : [id, ...(Object.hasOwn(products, id) ? (products[id] ?? []) : [])];
  return ids.flatMap((one) => releasesOf(version).map((release) => `${one}:${release}`));
}

const softwareTypes: ReadonlySet<string> = new Set(["generic", "bitnami"]);

function keysOfPackage({ type, name, version, source }: Package, distribution: Distribution | undefined) {
  if (type === "deb" && distribution?.id === "debian") {
    const release = releasesOf(distribution.versionId ?? "").at(-1);
    if (release === undefined) return [];
    return [`deb:${source?.name ?? name}:${release}`, `deb-prefixes:${release}`];
  }
  if (!softwareTypes.has(type) && !(type === "golang" && name === "stdlib")) return [];
  const product = Object.hasOwn(software, name) ? software[name] : name;
  return releasesOf(version).map((release) => `${product}:${release}`);
}

function prefixed(keys: readonly string[], rows: ReadonlyMap<string, unknown>): Dates | undefined {
  const [own, prefixes] = keys;
  if (own === undefined || prefixes === undefined || !prefixes.startsWith("deb-prefixes:")) return undefined;
  const source = own.split(":")[1] ?? "";
  return prefixRows.safeParse(rows.get(prefixes)).data?.find(({ prefix }) => source.startsWith(prefix));
}
