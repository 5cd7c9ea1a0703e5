/** The main section of META-INF/MANIFEST.MF: https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html#jar-manifest */
import { linesOf, text } from "../../fields.ts";

/** Attributes by name in lower case, trimmed; a repeated name keeps its first value. */
export type Manifest = ReadonlyMap<string, string>;

/** Lines go on where the next begins with a space; the section ends at the first blank line. */
export function readManifest(content: Buffer): Manifest {
  const attributes = new Map<string, string>();
  let name = "";
  let value = "";
  function close(): void {
    const trimmed = text(value, 4096);
    if (name !== "" && trimmed !== undefined && !attributes.has(name)) attributes.set(name, trimmed);
  }
  for (const line of linesOf(content)) {
    if (line === "") break;
    if (line.startsWith(" ")) {
      value += line.slice(1);
      continue;
    }
    close();
    const colon = line.indexOf(":");
    name = line.slice(0, Math.max(0, colon)).toLowerCase();
    value = line.slice(colon + 1);
  }
  close();
  return attributes;
}
