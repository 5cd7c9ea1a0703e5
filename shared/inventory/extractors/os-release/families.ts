/** Which distribution another is made after: what its packages, databases and releases are like. */

/** By os-release ID. Those of their own are listed too: Amazon names Red Hat in ID_LIKE, but has its own releases. */
const families: Readonly<Record<string, string>> = {
  debian: "debian",
  raspbian: "debian",
  ubuntu: "debian",
  linuxmint: "debian",
  pop: "debian",
  kali: "debian",
  rhel: "rhel",
  rhcos: "rhel",
  redhat: "rhel",
  centos: "rhel",
  rocky: "rhel",
  almalinux: "rhel",
  ol: "rhel",
  eurolinux: "rhel",
  scientific: "rhel",
  fedora: "fedora",
  amzn: "amzn",
  sles: "suse",
  sled: "suse",
  sles_sap: "suse",
  sle_hpc: "suse",
  "sle-micro": "suse",
  "sl-micro": "suse",
  suse: "suse",
  opensuse: "suse",
  "opensuse-leap": "suse",
  "opensuse-tumbleweed": "suse",
  "opensuse-microos": "suse",
  photon: "photon",
  mariner: "azurelinux",
  azurelinux: "azurelinux",
  alpine: "alpine",
  postmarketos: "alpine",
  wolfi: "wolfi",
  chainguard: "wolfi",
  minimos: "wolfi",
  arch: "arch",
  archarm: "arch",
  manjaro: "arch",
  openwrt: "openwrt",
};

/** Of this ID, or the first that is known of ID_LIKE. */
export function familyOf(id: string, idLike: readonly string[]): string | undefined {
  for (const one of [id, ...idLike]) if (Object.hasOwn(families, one)) return families[one];
  return undefined;
}
