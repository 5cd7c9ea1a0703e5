/** Documents of feeds that are YAML. */
import { parse } from "yaml";
import { messageOf, PermanentError } from "../platform/errors.ts";

/** An advisory of hand is a few kilobytes. */
const mostBytes = 256 * 1024;

/** Without aliases, and with dates as text. Throws `PermanentError("advisory-malformed")` for what is not YAML. */
export function parseYaml(document: Buffer): unknown {
  if (document.length > mostBytes)
    throw new PermanentError("advisory-malformed", `more than ${mostBytes} bytes of YAML`);
  try {
    return parse(document.toString("utf8"), { maxAliasCount: 0, logLevel: "error", version: "1.2" });
  } catch (error) {
    throw new PermanentError("advisory-malformed", `not YAML: ${messageOf(error).slice(0, 200)}`, { cause: error });
  }
}
