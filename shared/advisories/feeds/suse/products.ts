/** SUSE's products as OSV ecosystems, and which of its words about one service pack counts. */
import { schemeOfEcosystem } from "../../../versions/compare.ts";
import type { Statement } from "../../reading/statements.ts";

export interface Product {
  /** `SUSE:Linux Enterprise Server 15 SP6`, `openSUSE:Leap 15.6`. */
  readonly ecosystem: string;
  /** Long Term Service Pack Support: what the service pack gets when its own support is over. */
  readonly longTerm: boolean;
}

/**
 * The server product and the modules that an image takes its packages from, as one. Products that are sold apart (for
 * SAP, BCL, Teradata, Real Time, further extensions of the support) have builds of their own.
 */
const enterprise =
  /^SUSE Linux Enterprise (?:Server|Module for [\w ./-]+?) (1[2-9](?: SP[0-9]{1,2}|\.[0-9]{1,2})?)([- ]LTSS)?$/;
const open = /^openSUSE (Leap [0-9]{1,3}\.[0-9]{1,2}|Tumbleweed)$/;

/** The product of that name; `undefined` when no image is made of it. */
export function productOf(name: string): Product | undefined {
  const [, release, longTerm] = enterprise.exec(name) ?? [];
  if (release !== undefined) {
    return { ecosystem: `SUSE:Linux Enterprise Server ${release}`, longTerm: longTerm !== undefined };
  }
  const distribution = open.exec(name)?.[1];
  return distribution === undefined ? undefined : { ecosystem: `openSUSE:${distribution}`, longTerm: false };
}

/** What is said of one package (source package, with `source`) of one product. */
export interface Told {
  readonly product: Product;
  readonly name: string;
  readonly source?: true;
  readonly says: Statement["says"];
}

type Says = Statement["says"];
interface Words {
  readonly own: Says[];
  readonly longTerm: Says[];
}

const isFix = (says: Says) => "fixed" in says;
const isDenial = (says: Says) => "state" in says && says.state === "not-affected";

/**
 * One word for each package of a service pack. When its own support is over, its state stays as it was while the fixes
 * come to the long term support, of which images are made too: they count more than a state, and less than a fix or a
 * denial of the service pack's own.
 */
export function wordsThatCount(all: Iterable<Told>): readonly Statement[] {
  const words = new Map<string, { readonly first: Told; readonly words: Words }>();
  for (const told of all) {
    const { product, name, source, says } = told;
    const key = [product.ecosystem, name, source === true].join("\t");
    let known = words.get(key);
    if (known === undefined) {
      known = { first: told, words: { own: [], longTerm: [] } };
      words.set(key, known);
    }
    (product.longTerm ? known.words.longTerm : known.words.own).push(says);
  }
  return [...words.values()].flatMap(({ first: { product, name, source }, words: { own, longTerm } }) =>
    decisive(own, longTerm).map((says) => ({
      ecosystem: product.ecosystem,
      name,
      ...(source === true && { source }),
      says,
    })),
  );
}

function decisive(own: readonly Says[], longTerm: readonly Says[]): readonly Says[] {
  const fix = earliest(own);
  if (fix !== undefined) return [fix];
  if (own.length > 0 && own.every(isDenial)) return own;
  const later = earliest(longTerm);
  if (later !== undefined) return [later];
  return own.length > 0 ? own : longTerm;
}

/** Of several builds that are said to fix it, the first: later ones were built when it was fixed already. */
function earliest(says: readonly Says[]): Says | undefined {
  const scheme = schemeOfEcosystem("SUSE");
  return says.filter(isFix).reduce<Says | undefined>((least, one) => {
    if (least === undefined || !("fixed" in least) || !("fixed" in one)) return one;
    const [a, b] = [scheme?.parse(one.fixed), scheme?.parse(least.fixed)];
    return a !== undefined && b !== undefined && scheme !== undefined && scheme.compare(a, b) < 0 ? one : least;
  }, undefined);
}
