/** Components of Bitnami's images, as their build recorded them: `/opt/bitnami/.bitnami_components.json`, by name. */
import { parseJson } from "../../documents/json.ts";
import { member, membersOf } from "../../documents/value.ts";
import type { Extractor } from "../../extractor.ts";
import { buildFacts, text } from "../../fields.ts";

export const extractor: Extractor = {
  name: "bitnami",
  version: 1,
  kind: "os",
  wants: { basenames: [".bitnami_components.json"] },
  mode: "buffer",
  maxBytes: 1024 * 1024,
  extract({ content }) {
    const facts = buildFacts();
    for (const [key, one] of membersOf(parseJson(content.toString("utf8")))) {
      const name = text(key, 256);
      const version = text(member(one, "version"), 256);
      const architecture = text(member(one, "arch"), 64);
      const distro = text(member(one, "distro"), 64);
      if (name === undefined || version === undefined) facts.broken();
      else {
        const isMore = facts.add({
          type: "bitnami",
          name,
          version,
          ...(architecture !== undefined && { architecture }),
          ...(distro !== undefined && { qualifiers: { distro } }),
        });
        if (!isMore) break;
      }
    }
    return facts.facts();
  },
};
