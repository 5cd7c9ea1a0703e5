/**
 * Rust programs built by cargo-auditable, which writes the tree of their crates into them, as zlib-compressed JSON:
 * https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md
 */
import { inflateSync } from "node:zlib";
import * as z from "zod";
import { limits } from "../../../platform/limits.ts";
import { layoutOf } from "../../executable/layout.ts";
import type { Facts, StreamExtractor } from "../../extractor.ts";
import { buildFacts, text } from "../../fields.ts";
import { findSection } from "./section.ts";

export const extractor: StreamExtractor = {
  name: "rust-binary",
  version: 1,
  kind: "language",
  wants: { executables: "any" },
  mode: "stream",
  open({ head, size }) {
    const layout = layoutOf(head);
    const search = layout && findSection(layout, size);
    if (search === undefined) return undefined;
    return {
      push: search.push,
      end() {
        const found = search.end();
        if (found === undefined) return {};
        if (found.range.length > limits.buildInfoBytes || found.range.offset + found.range.length > size) {
          return broken("its section does not lie within the file, or is too large");
        }
        if (found.content !== undefined) return cratesIn(found.content);
        return { ranges: [found.range], extract: ([content = Buffer.alloc(0)]) => cratesIn(content) };
      },
    };
  },
};

const tree = z.object({ packages: z.array(z.unknown()) });
const crate = z.object({
  name: z.string(),
  version: z.string(),
  source: z.string(),
  /** Absent: `runtime`. */
  kind: z.string().optional(),
});

/** Crates that only its build needed are not in the program. */
function cratesIn(compressed: Buffer): Facts {
  const parsed = tree.safeParse(jsonIn(compressed));
  if (!parsed.success) return broken("its crates are no JSON list, or too many");
  const facts = buildFacts();
  for (const one of parsed.data.packages) {
    const { data } = crate.safeParse(one);
    const name = text(data?.name, 256);
    const version = text(data?.version, 256);
    const source = text(data?.source, 512);
    if (data === undefined || name === undefined || version === undefined) facts.broken();
    else if (data.kind !== "build") {
      const build = { ...(source !== undefined && { source }) };
      if (!facts.add({ type: "cargo", name, version, evidence: "binary", build })) break;
    }
  }
  return facts.facts();
}

function jsonIn(compressed: Buffer): unknown {
  try {
    return JSON.parse(inflateSync(compressed, { maxOutputLength: limits.buildInfoBytes }).toString("utf8"));
  } catch {
    return undefined;
  }
}

function broken(detail: string): Facts {
  return { partial: [{ reason: "broken-record", detail: `a Rust program built by cargo-auditable: ${detail}` }] };
}
