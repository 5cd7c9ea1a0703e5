/**
 * Perl distributions that were installed from CPAN: `.meta/<distribution>/install.json` (cpanm, with the author) and
 * `perllocal.pod` (the journal that ExtUtils::MakeMaker keeps). A `.packlist` says no version, so it tells nothing.
 * `name` is `AUTHOR/Distribution` where the author is known, else the distribution.
 */

import { parseJson } from "../../documents/json.ts";
import { itemsOf, member } from "../../documents/value.ts";
import type { Extractor, Facts } from "../../extractor.ts";
import { buildFacts, linesOf, text } from "../../fields.ts";

const validName = /^[A-Za-z][A-Za-z0-9_]*([-.+][A-Za-z0-9_]+)*$/;
const validVersion = /^v?\d[0-9A-Za-z._-]*$/;
const journal = "perllocal.pod";

export const extractor: Extractor = {
  name: "perl",
  version: 1,
  kind: "language",
  wants: {
    basenames: [journal, "install.json", "MYMETA.json"],
    accept: (path) => path.endsWith(`/${journal}`) || /(^|\/)\.meta\/[^/]+\/(install|MYMETA)\.json$/.test(path),
  },
  mode: "buffer",
  maxBytes: 16 * 1024 * 1024,
  companions: (path) => (path.endsWith("/install.json") ? [metadataBeside(path)] : []),
  extract({ path, content, companions }) {
    if (path.endsWith(journal)) return journalled(content);
    return path.endsWith("/install.json") ? installed(content, companions.get(metadataBeside(path))) : {};
  },
};

function metadataBeside(path: string): string {
  return `${path.slice(0, path.lastIndexOf("/"))}/MYMETA.json`;
}

function installed(content: Buffer, metadata: Buffer | undefined): Facts {
  const facts = buildFacts();
  const record = parseJson(content.toString("utf8"));
  const stated = { dist: text(member(record, "dist"), 256), version: text(member(record, "version"), 128) };
  const [distribution, version] = splitDistribution(stated.dist, stated.version);
  if (distribution === undefined || version === undefined) facts.broken();
  else {
    const author = /^[A-Z]\/[A-Z0-9-]{2}\/([A-Z][A-Z0-9-]*)\//.exec(text(member(record, "pathname")) ?? "")?.[1];
    const licenses = licensesOf(metadata);
    const name = author === undefined ? distribution : `${author}/${distribution}`;
    facts.add({ type: "cpan", name, version, ...(licenses.length > 0 && { licenses }) });
  }
  return facts.facts();
}

/** `HTTP-Tiny-0.076`: the version is what follows the last hyphen before a digit; the module's own may differ. */
function splitDistribution(
  dist: string | undefined,
  stated: string | undefined,
): [name: string | undefined, version: string | undefined] {
  if (dist === undefined) return [undefined, undefined];
  const at =
    stated !== undefined && dist.endsWith(`-${stated}`)
      ? dist.length - stated.length - 1
      : dist.search(/-v?\d[^-]*(-TRIAL\d*)?$/);
  const [name, version] = at > 0 ? [dist.slice(0, at), dist.slice(at + 1)] : [dist, stated];
  if (version === undefined || !validName.test(name) || !validVersion.test(version)) return [undefined, undefined];
  return [name, version];
}

/** CPAN::Meta's own names (`perl_5`); a broken file only costs the licence. */
function licensesOf(metadata: Buffer | undefined): readonly string[] {
  if (metadata === undefined) return [];
  try {
    const record = parseJson(metadata.toString("utf8"));
    const stated = itemsOf(member(record, "license"))
      .slice(0, 20)
      .flatMap((one) => text(one) ?? []);
    return stated.filter((one) => one !== "unknown");
  } catch {
    return [];
  }
}

/** `=head2 <date>: C<Module> L<Name|Name>`, then `C<VERSION: 1.0>`. The last entry of a name counts. */
function journalled(content: Buffer): Facts {
  const facts = buildFacts();
  const versions = new Map<string, string>();
  let name: string | undefined;
  for (const line of linesOf(content)) {
    const heading = /^=head2 .{0,200}C<Module> L<([^|>]+)/.exec(line);
    if (line.startsWith("=head2")) name = text(heading?.[1], 256)?.replaceAll("::", "-");
    const version = /^C<VERSION: ([^>]*)>/.exec(line)?.[1];
    if (version === undefined || name === undefined) continue;
    const usable = text(version, 128);
    if (usable === undefined || !validVersion.test(usable) || !validName.test(name)) facts.broken();
    else versions.set(name, usable);
    name = undefined;
  }
  for (const [one, version] of versions) if (!facts.add({ type: "cpan", name: one, version })) break;
  return facts.facts();
}
