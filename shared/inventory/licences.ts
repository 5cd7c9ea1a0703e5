/**
 * Licences as package metadata states them, made into SPDX expressions where they are meant as such:
 * https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
 */
import { createHash } from "node:crypto";
import { exceptionIds, licenceIds } from "./licence-ids.ts";

/** What a text says: one listed licence, an expression of several, or something that has only a name. */
export type Licence =
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "expression"; readonly expression: string }
  | { readonly kind: "name"; readonly name: string };

/** The longest text that is read as an expression, and how deep its parentheses may nest. */
const longest = 4096;
const deepest = 32;

const ids: ReadonlyMap<string, string> = new Map(licenceIds.map((id) => [id.toLowerCase(), id]));
const exceptions: ReadonlyMap<string, string> = new Map(exceptionIds.map((id) => [id.toLowerCase(), id]));

/** Common names that mean one licence and version, in small letters. Names without a version mean none. */
const aliases: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "Apache-2.0":
      "apache 2|apache 2.0|apache-2|apache2|apache2.0|apachev2|apache v2|apache license 2.0|apache license v2.0|apache license, version 2.0|apache license version 2.0|apache software license 2.0|the apache license, version 2.0|the apache software license, version 2.0|asl 2.0|apl2|al-2.0",
    MIT: "mit license|the mit license|the mit license (mit)|mit license (mit)|expat|mit/expat|mit-license",
    "BSD-3-Clause":
      "bsd-3|bsd3|bsd 3-clause|bsd 3 clause|3-clause bsd|3-clause bsd license|bsd 3-clause license|bsd-3-clause license|new bsd|new bsd license|modified bsd|modified bsd license|revised bsd",
    "BSD-2-Clause":
      "bsd-2|bsd2|bsd 2-clause|bsd 2 clause|2-clause bsd|bsd 2-clause license|bsd-2-clause license|simplified bsd|simplified bsd license|freebsd license",
    ISC: "isc license|isc license (iscl)|the isc license",
    "MPL-2.0":
      "mplv2.0|mpl 2.0|mpl 2|mpl-2|mpl2|mpl2.0|mozilla public license 2.0|mozilla public license 2.0 (mpl 2.0)|mozilla public license, version 2.0",
    "MPL-1.1": "mplv1.1|mpl 1.1|mozilla public license 1.1 (mpl 1.1)",
    "GPL-1.0-or-later": "gpl+|gpl-1+",
    "GPL-2.0-only": "gplv2|gpl v2|gpl-2|gpl2|gpl 2.0|gnu general public license v2 (gplv2)|gnu gpl v2|gnu gplv2",
    "GPL-2.0-or-later":
      "gplv2+|gpl v2+|gpl-2+|gpl2+|gpl (>= 2)|gpl (>= 2.0)|gnu general public license v2 or later (gplv2+)",
    "GPL-3.0-only": "gplv3|gpl v3|gpl-3|gpl3|gpl 3.0|gnu general public license v3 (gplv3)|gnu gpl v3|gnu gplv3",
    "GPL-3.0-or-later":
      "gplv3+|gpl v3+|gpl-3+|gpl3+|gpl (>= 3)|gpl (>= 3.0)|gnu general public license v3 or later (gplv3+)",
    "LGPL-2.0-only": "lgplv2|lgpl-2|lgpl2|gnu lesser general public license v2 (lgplv2)",
    "LGPL-2.0-or-later":
      "lgplv2+|lgpl-2+|lgpl2+|lgpl (>= 2)|lgpl (>= 2.0)|gnu lesser general public license v2 or later (lgplv2+)",
    "LGPL-2.1-only": "lgplv2.1|lgpl 2.1|gnu lesser general public license v2.1",
    "LGPL-2.1-or-later": "lgplv2.1+|lgpl 2.1+|lgpl (>= 2.1)",
    "LGPL-3.0-only": "lgplv3|lgpl-3|lgpl3|gnu lesser general public license v3 (lgplv3)",
    "LGPL-3.0-or-later": "lgplv3+|lgpl-3+|lgpl3+|lgpl (>= 3)|gnu lesser general public license v3 or later (lgplv3+)",
    "AGPL-3.0-only": "agplv3|agpl-3|agpl3|gnu affero general public license v3",
    "AGPL-3.0-or-later": "agplv3+|agpl-3+|agpl3+|gnu affero general public license v3 or later (agplv3+)",
    "PSF-2.0": "psf|psfl|psf license|python software foundation license",
    "CC0-1.0": "cc0|cc0 1.0|cc0 1.0 universal (cc0 1.0) public domain dedication",
    Unlicense: "the unlicense|the unlicense (unlicense)",
    "BSL-1.0": "boost|boost software license 1.0|boost software license 1.0 (bsl-1.0)",
    "EPL-1.0": "epl 1.0|eclipse public license 1.0|eclipse public license - v 1.0|eclipse public license v1.0",
    "EPL-2.0": "epl 2.0|eclipse public license 2.0|eclipse public license - v 2.0|eclipse public license v2.0",
    "CDDL-1.0": "cddl 1.0|common development and distribution license 1.0",
    "Artistic-2.0": "artistic 2.0|artistic-2",
    Zlib: "zlib license|zlib/libpng license",
    "ZPL-2.1": "zpl 2.1|zopepublic 2.1",
    Ruby: "ruby license|ruby's",
    WTFPL: "wtfpl v2",
  }).flatMap(([id, names]) => names.split("|").map((name) => [name, id] as const)),
);

/** Texts that state no licence. */
const nothing = /^(?:none|noassertion|unknown|n\/?a|null|undefined|license\.txt|license)$/i;

/** What a stated licence means; undefined for a text that states none. */
export function licenceOf(text: string): Licence | undefined {
  const name = text.trim().replace(/\s+/g, " ");
  if (name === "" || nothing.test(name)) return undefined;
  const expression = spdxExpression(name);
  if (expression === undefined) return { kind: "name", name };
  return ids.has(expression.toLowerCase()) ? { kind: "id", id: expression } : { kind: "expression", expression };
}

/**
 * The text as an SPDX expression with identifiers in their own spelling and no needless parentheses; common names of
 * licences (`GPLv2+`, `ASL 2.0`) by their identifiers, `/` for OR as crates write it. Undefined when some part of it
 * is no licence of the list.
 */
export function spdxExpression(text: string): string | undefined {
  if (text.length > longest) return undefined;
  const whole = licenceNamed(text.trim());
  if (whole !== undefined) return whole;
  const read = parse(tokensOf(text));
  if (read !== undefined) return read;
  return text.includes("/") ? parse(tokensOf(text.replaceAll("/", " OR "))) : undefined;
}

/**
 * The licences of a package as one SPDX expression: all of them apply, as far as the metadata says. A licence that only
 * has a name becomes a reference; `references` gives every reference with its text. Undefined when nothing is stated.
 */
export function combinedExpression(
  licences: readonly Licence[],
): { readonly expression: string; readonly references: ReadonlyMap<string, string> } | undefined {
  const references = new Map<string, string>();
  const parts = licences.map((one) => {
    if (one.kind === "id") return one.id;
    if (one.kind === "expression") {
      for (const [reference] of one.expression.matchAll(/LicenseRef-[A-Za-z0-9.-]+/g)) {
        references.set(reference, reference);
      }
      return one.expression;
    }
    const reference = referenceOf(one.name);
    references.set(reference, one.name);
    return reference;
  });
  const distinct = [...new Set(parts)];
  if (distinct.length === 0) return undefined;
  const several = distinct.length > 1;
  const expression = distinct.map((part) => (several && / OR /.test(part) ? `(${part})` : part)).join(" AND ");
  return { expression, references };
}

/** `LicenseRef-` with letters, digits, dots and dashes: readable, and unique by a hash of the whole text. */
function referenceOf(name: string): string {
  const readable = name
    .replaceAll(/[^A-Za-z0-9.]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 40);
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `LicenseRef-${readable === "" ? hash : `${readable}-${hash}`}`;
}

type Token = "(" | ")" | "AND" | "OR" | "WITH" | { readonly operand: string };

/** Words between operators and parentheses are one operand: `ASL 2.0 and MIT` has two. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [part] of text.matchAll(/[()]|[^\s()]+/g)) {
    const upper = part.toUpperCase();
    const last = tokens.at(-1);
    if (part === "(" || part === ")") tokens.push(part);
    else if (upper === "AND" || upper === "OR" || upper === "WITH") tokens.push(upper);
    else if (typeof last === "object") tokens[tokens.length - 1] = { operand: `${last.operand} ${part}` };
    else tokens.push({ operand: part });
  }
  return tokens;
}

/** Operands of one operator; of `none`, one licence. */
interface Node {
  readonly operator: "OR" | "AND" | "none";
  readonly operands: readonly string[];
}

function textOf({ operator, operands }: Node): string {
  return operands.join(` ${operator} `);
}

/** By recursive descent: WITH binds tighter than AND, AND tighter than OR. Operands that come again are left out. */
function parse(tokens: readonly Token[]): string | undefined {
  let at = 0;

  function chain(operator: "OR" | "AND", next: (depth: number) => Node | undefined, depth: number): Node | undefined {
    const parts: Node[] = [];
    do {
      const part = next(depth);
      if (part === undefined) return undefined;
      parts.push(part);
    } while (tokens[at] === operator && ++at);
    const operands = new Set(
      parts.flatMap((part) => {
        if (part.operator === operator) return part.operands;
        return operator === "AND" && part.operator === "OR" ? [`(${textOf(part)})`] : [textOf(part)];
      }),
    );
    return operands.size === 1 ? parts[0] : { operator, operands: [...operands] };
  }
  const any = (depth: number): Node | undefined => chain("OR", all, depth);
  const all = (depth: number): Node | undefined => chain("AND", single, depth);

  function single(depth: number): Node | undefined {
    const token = tokens[at++];
    if (token === "(") {
      const inner = depth < deepest ? any(depth + 1) : undefined;
      return tokens[at++] === ")" ? inner : undefined;
    }
    if (typeof token !== "object") return undefined;
    const licence = licenceNamed(token.operand);
    if (licence === undefined || tokens[at] !== "WITH") return licence === undefined ? undefined : leaf(licence);
    const exception = tokens[at + 1];
    at += 2;
    const id = typeof exception === "object" ? exceptions.get(exception.operand.toLowerCase()) : undefined;
    return id === undefined ? undefined : leaf(`${licence} WITH ${id}`);
  }

  const read = any(0);
  return read !== undefined && at === tokens.length ? textOf(read) : undefined;
}

function leaf(text: string): Node {
  return { operator: "none", operands: [text] };
}

/** A listed licence by identifier or common name, or a reference. */
function licenceNamed(text: string): string | undefined {
  if (/^LicenseRef-[A-Za-z0-9.-]+$/.test(text)) return text;
  const lower = text.toLowerCase();
  const plain = lower.endsWith("+") ? lower.slice(0, -1) : lower;
  const id = ids.get(lower) ?? (plain === lower ? undefined : ids.get(plain));
  if (id === undefined) return aliases.get(lower);
  const orLater = plain !== lower;
  // GNU licences had a bare identifier once, and say now which of the two they mean.
  if (/^(?:A|L)?GPL-[0-9.]+$|^GFDL-[0-9.]+$/.test(id)) return `${id}-${orLater ? "or-later" : "only"}`;
  return orLater ? `${id}+` : id;
}
