/** Ubuntu's releases, and the pockets whose rows stand beside theirs in the CVE tracker. */
import { ubuntuCodenames } from "../../../inventory/ubuntu-codenames.ts";

/** Pockets of Ubuntu Pro, as OSV names their ecosystems. */
const pockets: Readonly<Record<string, string>> = {
  esm: "Ubuntu:Pro",
  "esm-infra": "Ubuntu:Pro",
  "esm-apps": "Ubuntu:Pro",
  "esm-infra-legacy": "Ubuntu:Pro",
  "esm-apps-legacy": "Ubuntu:Pro",
  fips: "Ubuntu:Pro:FIPS",
  "fips-updates": "Ubuntu:Pro:FIPS-updates",
  "fips-preview": "Ubuntu:Pro:FIPS-preview",
  realtime: "Ubuntu:Pro:Realtime",
};

export interface Row {
  /** `Ubuntu:22.04:LTS`, `Ubuntu:Pro:22.04:LTS`. */
  readonly ecosystem: string;
  /** The ecosystem of the release itself. */
  readonly base: string;
  /** Of Ubuntu Pro (`Ubuntu:Pro`, `Ubuntu:Pro:FIPS`); absent: the row is the release's own. */
  readonly pocket?: string;
}

const known = new Map<string, Row | undefined>();

function readRow(key: string): Row | undefined {
  const [first = "", second] = key.split("/");
  // The first pocket of its kind was written the other way round: `trusty/esm`.
  const [pocket, codename] =
    second === undefined ? [undefined, first] : second === "esm" ? [second, first] : [first, second];
  const version = Object.hasOwn(ubuntuCodenames, codename) ? ubuntuCodenames[codename] : undefined;
  if (version === undefined) return undefined;
  const release = /^\d[02468]\.04$/.test(version) ? `${version}:LTS` : version;
  const base = `Ubuntu:${release}`;
  if (pocket === undefined) return { ecosystem: base, base };
  const pro = Object.hasOwn(pockets, pocket) ? pockets[pocket] : undefined;
  return pro === undefined ? undefined : { ecosystem: `${pro}:${release}`, base, pocket: pro };
}

/** What `jammy` or `esm-infra/jammy` stands for; absent for `upstream`, `devel`, `snap` and what is not known. */
export function rowOf(key: string): Row | undefined {
  if (!known.has(key)) {
    // A hostile feed does not fill the memory with names.
    if (known.size > 1000) known.clear();
    known.set(key, readRow(key));
  }
  return known.get(key);
}
