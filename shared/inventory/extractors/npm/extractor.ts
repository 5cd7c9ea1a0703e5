/** Installed npm packages: https://docs.npmjs.com/cli/v11/configuring-npm/package-json */
import type { Extractor, PackageFacts } from "../../extractor.ts";
import { text } from "../../fields.ts";

/** As the registry takes them, old names with capitals included. */
const validName = /^(@[A-Za-z0-9._~!'()*-]+\/)?[A-Za-z0-9._~!'()*-]+$/;
/** Semantic version, leniently: what npm itself installs. */
const validVersion = /^[=v\s]*\d+\.\d+\.\d+([-+.][0-9A-Za-z.+-]*)?$/;

export const extractor: Extractor = {
  name: "npm",
  version: 1,
  kind: "language",
  wants: { basenames: ["package.json"], accept: isPackageRoot },
  mode: "buffer",
  maxBytes: 8 * 1024 * 1024,
  extract(file) {
    const manifest: unknown = JSON.parse(stripByteOrderMark(file.content.toString("utf8")));
    const one = packageOf(manifest);
    return one === undefined ? {} : { packages: [one] };
  },
};

/** `node_modules/<name>/package.json` or `node_modules/@<scope>/<name>/package.json`; deeper ones are no packages. */
function isPackageRoot(path: string): boolean {
  const parts = path.split("/");
  const parent = parts.at(-3);
  if (parent === "node_modules") return !parts.at(-2)?.startsWith("@");
  return parent?.startsWith("@") === true && parts.at(-4) === "node_modules";
}

function stripByteOrderMark(json: string): string {
  return json.charCodeAt(0) === 0xfeff ? json.slice(1) : json;
}

/** Only with a valid name and version: fixtures and stubs have neither. */
function packageOf(manifest: unknown): PackageFacts | undefined {
  if (typeof manifest !== "object" || manifest === null) return undefined;
  const fields = new Map(Object.entries(manifest));
  const name = text(fields.get("name"), 214);
  const version = text(fields.get("version"), 256);
  if (name === undefined || version === undefined || !validName.test(name) || !validVersion.test(version)) {
    return undefined;
  }
  const licenses = licensesOf(fields.get("license") ?? fields.get("licenses"));
  return {
    type: "npm",
    name,
    version: version.replace(/^[=v\s]+/, ""),
    ...(licenses.length > 0 && { licenses }),
  };
}

/** A text, or the old forms `{type}` and a list of either. */
function licensesOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value.slice(0, 20) : [value];
  return list.flatMap((one) => {
    const named = typeof one === "object" && one !== null && "type" in one ? one.type : one;
    return text(named) ?? [];
  });
}
