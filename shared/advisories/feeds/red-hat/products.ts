/** Red Hat's products as OSV ecosystems: `cpe:/a:redhat:rhel_eus:9.2::appstream` is `Red Hat:rhel_eus:9.2`. */

/** Enterprise Linux, and its streams with longer support. Other products have packages of their own repositories. */
const shape =
  /^cpe:\/[ao]:redhat:(enterprise_linux(?:_eus)?|rhel_(?:eus|aus|tus|e4s|els|eus_long_life)):([0-9]{1,2}(?:\.[0-9]{1,2})?)(?:::?([^:]*))?/;

export interface Product {
  readonly ecosystem: string;
  /** Set where only packages of that product's own repository are meant. */
  readonly products?: readonly string[];
}

/**
 * The product of a CPE 2.2 URI; `undefined` when it is none of Enterprise Linux. A minor release of the main stream
 * counts to its major one, as `enterprise_linux:10.1` does: they are one line of builds.
 */
export function productOf(cpe: string): Product | undefined {
  const found = shape.exec(cpe);
  const [, name, release, repository] = found ?? [];
  if (name === undefined || release === undefined) return undefined;
  const stream = name === "enterprise_linux_eus" ? "rhel_eus" : name;
  const version = stream === "enterprise_linux" || stream === "rhel_els" ? release.split(".", 1)[0] : release;
  return {
    ecosystem: `Red Hat:${stream}:${version}`,
    // Builds of the same names as in the main repositories, in another order of versions (`el9fdp`).
    ...(repository === "fastdatapath" && { products: [cpe] }),
  };
}

export interface Build {
  readonly name: string;
  /** `epoch:version-release`; absent where no build is meant. */
  readonly version?: string;
  readonly arch?: string;
  /** `nodejs:18`, whatever the build of the module. */
  readonly modules?: readonly string[];
}

/** `nodejs:18` of `nodejs:18:8090020231212154148:rhel8`; nothing when it is not a module's name. */
export function moduleOf(text: string): string | undefined {
  return /^([A-Za-z0-9][\w.+-]*:[\w.+-]+)(?::|$)/.exec(text)?.[1];
}

/** The package that a purl names; `undefined` for what is no rpm, and for one with a module that cannot be read. */
export function buildOf(purl: string): Build | undefined {
  const found = /^pkg:rpm\/redhat\/([^@?#/]+)(?:@([^?#]*))?(?:\?([^#]*))?$/.exec(purl);
  const name = decoded(found?.[1]);
  if (name === undefined || !/^[A-Za-z0-9][\w.+-]*$/.test(name)) return undefined;
  const qualifiers = new Map((found?.[3] ?? "").split("&").map((part) => splitAt(part, "=")));
  const version = decoded(found?.[2]);
  const module = decoded(qualifiers.get("rpmmod"));
  const stream = module === undefined || module === "" ? undefined : moduleOf(module);
  if (module !== undefined && module !== "" && stream === undefined) return undefined;
  const arch = qualifiers.get("arch");
  // What is no `version-release` is the name of a stream, or nothing.
  const isBuild = version !== undefined && /^[\w.+~^]+-[\w.+~^]+$/.test(version);
  return {
    name,
    ...(isBuild && { version: `${/^[0-9]+$/.exec(qualifiers.get("epoch") ?? "")?.[0] ?? "0"}:${version}` }),
    ...(arch !== undefined && { arch }),
    ...(stream !== undefined && { modules: [stream] }),
  };
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
