/** Documents of feeds that are YAML. */
import { messageOf, PermanentError } from "../../platform/errors.ts";
import { readYaml } from "../../platform/yaml.ts";

/** An advisory of hand is a few kilobytes. */
const mostBytes = 256 * 1024;

/** By YAML's core schema: dates are text. Throws `PermanentError("advisory-malformed")` for what is not YAML. */
export function parseYaml(document: Buffer): unknown {
  if (document.length > mostBytes)
    throw new PermanentError("advisory-malformed", `more than ${mostBytes} bytes of YAML`);
  try {
    return readYaml(document.toString("utf8"));
  } catch (error) {
    throw new PermanentError("advisory-malformed", `not YAML: ${messageOf(error).slice(0, 200)}`, { cause: error });
  }
}
