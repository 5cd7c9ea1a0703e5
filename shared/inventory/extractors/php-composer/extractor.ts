/**
 * What Composer installed: `vendor/composer/installed.json`, a list (Composer 1) or an object with one (Composer 2).
 * https://getcomposer.org/doc/04-schema.md
 */

import { parseJson } from "../../documents/json.ts";
import { itemsOf, member } from "../../documents/value.ts";
import type { Extractor, Facts, PackageFacts } from "../../extractor.ts";
import { buildFacts, text } from "../../fields.ts";

const validName = /^[a-z0-9][a-z0-9_.-]*\/[a-z0-9][a-z0-9_.-]*$/i;

export const extractor: Extractor = {
  name: "php-composer",
  version: 1,
  kind: "language",
  wants: { basenames: ["installed.json"], accept: (path) => /(^|\/)composer\/installed\.json$/.test(path) },
  mode: "buffer",
  maxBytes: 32 * 1024 * 1024,
  extract: ({ content }) => packagesOf(parseJson(content.toString("utf8"))),
};

function packagesOf(document: unknown): Facts {
  const facts = buildFacts();
  const packages: unknown = Array.isArray(document) ? document : member(document, "packages");
  if (!Array.isArray(packages)) facts.partial("broken-record", "no packages in it");
  for (const one of itemsOf(packages)) {
    const found = packageOf(one);
    if (found === undefined) facts.broken();
    else if (!facts.add(found)) break;
  }
  return facts.facts();
}

/** The version as Composer prints it, with the `v` of the tag. */
function packageOf(value: unknown): PackageFacts | undefined {
  const name = text(member(value, "name"), 256);
  const version = text(member(value, "version"), 128);
  if (name === undefined || version === undefined || !validName.test(name)) return undefined;
  const license = member(value, "license");
  const stated: readonly unknown[] = Array.isArray(license) ? license.slice(0, 20) : [license];
  const licenses = stated.flatMap((one) => text(one) ?? []);
  return { type: "composer", name, version, ...(licenses.length > 0 && { licenses }) };
}
