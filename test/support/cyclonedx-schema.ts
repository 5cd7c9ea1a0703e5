/** The official JSON schema of CycloneDX 1.6, from the package that ships it; undefined where it is not installed. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../node_modules/@cyclonedx/cyclonedx-library/res/schema/", import.meta.url));
const parts = ["spdx", "jsf-0.82", "cryptography-defs"].map((name) => `${name}.SNAPSHOT.schema.json`);

interface Validator {
  addSchema(schema: object): unknown;
  compile(schema: object): ((document: unknown) => boolean) & { readonly errors?: readonly object[] | null };
}
type ValidatorClass = new (options: object) => Validator;

/** Says what is wrong with a document, in the schema's own words: an empty list when nothing is. */
export function cycloneDxSchema(): ((document: object) => readonly string[]) | undefined {
  const require = createRequire(import.meta.url);
  if (!existsSync(folder)) return undefined;
  const { default: Ajv }: { readonly default: ValidatorClass } = require("ajv");
  const { default: addFormats }: { readonly default: (validator: Validator) => void } = require("ajv-formats");
  const validator = new Ajv({ strict: false, allErrors: true, formats: { "iri-reference": true, "idn-email": true } });
  addFormats(validator);
  for (const name of parts) validator.addSchema({ ...schema(name), $id: `http://cyclonedx.org/schema/${name}` });
  const validate = validator.compile(schema("bom-1.6.SNAPSHOT.schema.json"));
  return (document) => (validate(document) ? [] : (validate.errors ?? []).map((one) => JSON.stringify(one)));
}

function schema(name: string): object {
  const parsed: unknown = JSON.parse(readFileSync(`${folder}${name}`, "utf8"));
  if (typeof parsed !== "object" || parsed === null) throw new Error(`${name} is no schema`);
  return parsed;
}
