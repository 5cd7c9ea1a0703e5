/** YAML by its core schema: dates are text, nothing is constructed. https://yaml.org/spec/1.2.2/#103-core-schema */
import { loadAll, YAMLException } from "js-yaml";

/** The first document, of at most 100 aliases; `undefined` when there is none. Throws an `Error` that says what is wrong and in which line. */
export function readYaml(text: string): unknown {
  try {
    return loadAll(text, { maxAliases: 100 })[0];
  } catch (error) {
    if (!(error instanceof YAMLException) || error.mark === undefined) throw error;
    throw new Error(`${error.reason} at line ${error.mark.line + 1}, column ${error.mark.column + 1}`, {
      cause: error,
    });
  }
}
