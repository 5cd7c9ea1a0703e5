/** Java runtimes: the `release` file that every one since Java 7 has (JEP 223 and `make/ReleaseFile.gmk` of OpenJDK). */
import type { Extractor, Facts, PackageFacts } from "../../extractor.ts";
import { linesOf, text } from "../../fields.ts";

/** What a runtime says of itself beside its version. */
const toldFields = ["IMPLEMENTOR", "IMPLEMENTOR_VERSION", "JAVA_RUNTIME_VERSION", "JVM_VARIANT", "IMAGE_TYPE"];

export const extractor: Extractor = {
  name: "jvm-release",
  version: 1,
  kind: "language",
  wants: { basenames: ["release"] },
  mode: "buffer",
  maxBytes: 256 * 1024,
  oversize: "skip",
  extract(file): Facts {
    // Other things are called `release` too.
    if (!file.content.includes("JAVA_VERSION=")) return {};
    const fields = fieldsOf(file.content);
    const version = text(fields.get("JAVA_VERSION"), 128);
    if (version === undefined) return { partial: [{ reason: "broken-record", detail: "no usable JAVA_VERSION" }] };
    const packages: PackageFacts[] = [runtime(fields, version)];
    const graal = text(fields.get("GRAALVM_VERSION"), 128);
    if (graal !== undefined) packages.push({ type: "generic", name: "graalvm", version: graal });
    return { packages };
  },
};

/** Oracle's own builds say that they are commercial; all others are OpenJDK. */
function runtime(fields: ReadonlyMap<string, string>, version: string): PackageFacts {
  const isOracle = fields.get("BUILD_TYPE") === "commercial";
  const build: Record<string, string> = {};
  for (const name of toldFields) {
    const value = text(fields.get(name), 256);
    if (value !== undefined) build[name] = value;
  }
  return { type: "generic", name: isOracle ? "oracle-jdk" : "openjdk", version, build };
}

/** `NAME="value"` lines. */
function fieldsOf(content: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of linesOf(content)) {
    const [, name, value] = /^([A-Z_]{1,64})="?([^"]{0,2048})"?$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined && fields.size < 100) fields.set(name, value);
  }
  return fields;
}
