/** Which distribution it is: https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
import type { Extractor } from "../../extractor.ts";
import { linesOf, text } from "../../fields.ts";
import type { Distribution } from "../../types.ts";

export const extractor: Extractor = {
  name: "os-release",
  version: 1,
  kind: "os",
  wants: {
    paths: ["etc/os-release", "usr/lib/os-release"],
    // Where the two are links to: `usr/lib/os.release.d/` in some distributions, anything named so in built images.
    basenames: ["os-release"],
    directories: ["usr/lib/os.release.d"],
  },
  mode: "buffer",
  maxBytes: 64 * 1024,
  extract(file) {
    const distribution = distributionOf(readAssignments(file.content));
    return distribution === undefined ? {} : { distribution };
  },
};

/** Shell-like assignments; values may be quoted, in double quotes with backslash escapes. */
function readAssignments(content: Buffer): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of linesOf(content)) {
    const match = /^\s*([A-Z0-9_]+)=(.*)$/.exec(line.trimEnd());
    if (match?.[1] !== undefined && match[2] !== undefined) values.set(match[1], unquoted(match[2]));
  }
  return values;
}

function unquoted(value: string): string {
  const quote = value[0];
  if (value.length >= 2 && quote === "'" && value.endsWith("'")) return value.slice(1, -1);
  if (value.length >= 2 && quote === '"' && value.endsWith('"'))
    return value.slice(1, -1).replace(/\\(["$`\\])/g, "$1");
  return value;
}

function distributionOf(values: ReadonlyMap<string, string>): Distribution | undefined {
  const name = text(values.get("PRETTY_NAME")) ?? text(values.get("NAME"));
  // "If not set, a default of ID=linux may be used."
  const id = text(values.get("ID"), 64)?.toLowerCase() ?? (name === undefined ? undefined : "linux");
  if (id === undefined) return undefined;
  const versionId = text(values.get("VERSION_ID"), 64);
  const codename = text(values.get("VERSION_CODENAME"), 64) ?? codenameIn(text(values.get("VERSION")));
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

/** Releases before VERSION_CODENAME: `VERSION="8 (jessie)"`. */
function codenameIn(version: string | undefined): string | undefined {
  return /\(([a-z]+)\)/.exec(version ?? "")?.[1];
}
