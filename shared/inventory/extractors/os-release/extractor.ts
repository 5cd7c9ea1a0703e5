/**
 * Which distribution it is: https://www.freedesktop.org/software/systemd/man/latest/os-release.html, or, in images
 * that have no such file, the release files that distributions had before.
 */
import type { Extractor, WantedFile } from "../../extractor.ts";
import { text } from "../../fields.ts";
import type { Distribution } from "../../types.ts";
import { readAssignments } from "./assignments.ts";
import { familyOf } from "./families.ts";
import { releaseFiles, releaseOf } from "./release-files.ts";

export const extractor: Extractor = {
  name: "os-release",
  version: 2,
  kind: "os",
  wants: {
    paths: ["etc/os-release", "usr/lib/os-release", ...releaseFiles],
    // Where the two are links to: `usr/lib/os.release.d/` in some distributions, anything named so in built images.
    basenames: ["os-release"],
    directories: ["usr/lib/os.release.d"],
  },
  mode: "buffer",
  maxBytes: 64 * 1024,
  extract(file) {
    const found = distributionIn(file);
    if (found === undefined) return {};
    const family = familyOf(found.id, found.idLike);
    return { distribution: { ...found, ...(family !== undefined && { family }) } };
  },
};

function distributionIn(file: WantedFile): Distribution | undefined {
  if (releaseFiles.includes(file.path)) return releaseOf(file.path, file.content);
  return distributionOf(readAssignments(file.content));
}

function distributionOf(values: ReadonlyMap<string, string>): Distribution | undefined {
  const name = text(values.get("PRETTY_NAME")) ?? text(values.get("NAME"));
  // "If not set, a default of ID=linux may be used."
  const id = text(values.get("ID"), 64)?.toLowerCase() ?? (name === undefined ? undefined : "linux");
  if (id === undefined) return undefined;
  const versionId = text(values.get("VERSION_ID"), 64);
  const codename = text(values.get("VERSION_CODENAME"), 64) ?? codenameIn(text(values.get("VERSION")), name);
  const cpe = text(values.get("CPE_NAME"));
  return {
    id,
    ...(versionId !== undefined && { versionId }),
    ...(codename !== undefined && { codename }),
    idLike: (text(values.get("ID_LIKE")) ?? "")
      .toLowerCase()
      .split(/\s+/)
      .filter((one) => one !== ""),
    ...(name !== undefined && { name }),
    ...(cpe !== undefined && { cpe }),
  };
}

/** Releases before VERSION_CODENAME: `VERSION="8 (jessie)"`; and Debian before a release: `Debian GNU/Linux buster/sid`. */
function codenameIn(version: string | undefined, name: string | undefined): string | undefined {
  return /\(([a-z]+)\)/.exec(version ?? "")?.[1] ?? /(?:^|\s)([a-z]+)\/sid$/.exec(name ?? "")?.[1];
}
