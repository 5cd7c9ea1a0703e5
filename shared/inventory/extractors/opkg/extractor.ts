/**
 * opkg packages (OpenWrt up to 24.10, Yocto): the status file, and the control file and file list of each package.
 * Both have the fields of Debian's control files: https://openwrt.org/docs/guide-user/additional-software/opkg
 */
import { paragraphsOf } from "../../deb822.ts";
import type { Extractor, Facts, PackageFacts, WantedFile } from "../../extractor.ts";
import { buildFacts, linesOf, text } from "../../fields.ts";

const directories = ["usr/lib/opkg", "var/lib/opkg", "lib/opkg"];

export const extractor: Extractor = {
  name: "opkg",
  version: 1,
  kind: "os",
  wants: {
    paths: directories.map((directory) => `${directory}/status`),
    directories: directories.map((directory) => `${directory}/info`),
    accept: (path) => path.endsWith("/status") || path.endsWith(".control") || path.endsWith(".list"),
  },
  mode: "buffer",
  maxBytes: 32 * 1024 * 1024,
  extract: (file) => (file.path.endsWith(".list") ? ownership(file) : packages(file)),
};

const wantedFields = new Set(["package", "status", "version", "architecture", "license", "maintainer"]);

function packages(file: WantedFile): Facts {
  const facts = buildFacts();
  for (const fields of paragraphsOf(file.content, wantedFields)) {
    if (!isInstalled(fields.get("status"))) continue;
    const one = packageOf(fields);
    if (one === undefined) facts.broken();
    else if (!facts.add(one)) break;
  }
  return facts.facts();
}

/** `want flag state`; control files, which stand only while the package is installed, have no such field. */
function isInstalled(value: string | undefined): boolean {
  const state = value?.trim().split(/\s+/).at(-1);
  return state === undefined || state === "installed" || state === "unpacked";
}

/** No source package: the field `Source` names a directory of the build tree, without a version. */
function packageOf(fields: ReadonlyMap<string, string>): PackageFacts | undefined {
  const name = text(fields.get("package"));
  const version = text(fields.get("version"));
  if (name === undefined || version === undefined) return undefined;
  const architecture = text(fields.get("architecture"));
  const license = text(fields.get("license"));
  const vendor = text(fields.get("maintainer"));
  return {
    type: "opkg",
    name,
    version,
    ...(architecture !== undefined && { architecture }),
    ...(license !== undefined && { licenses: [license] }),
    ...(vendor !== undefined && { vendor }),
  };
}

/** Absolute paths, one per line; some builds add size and mode behind a tab. */
function ownership(file: WantedFile): Facts {
  const facts = buildFacts();
  const name = text(file.path.slice(file.path.lastIndexOf("/") + 1, -".list".length));
  if (name === undefined) return {};
  const paths: string[] = [];
  for (const line of linesOf(file.content)) {
    const path = (line.split("\t", 1)[0] ?? "").replace(/^\/+/, "");
    if (path !== "" && file.isLanguageEvidence(path)) paths.push(path);
  }
  facts.own({ type: "opkg", name }, paths);
  return facts.facts();
}
