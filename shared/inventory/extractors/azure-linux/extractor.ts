/**
 * RPM packages of distroless CBL-Mariner and Azure Linux images, which have no database: one line per package, as
 * `rpm -qa` prints NAME, VERSION-RELEASE, INSTALLTIME, BUILDTIME, VENDOR, EPOCH, SIZE, ARCH, EPOCHNUM and SOURCERPM.
 */
import type { Extractor, PackageFacts } from "../../extractor.ts";
import { buildFacts, linesOf, text } from "../../fields.ts";
import { rpmSourceOf } from "../rpm/package.ts";

const columns = 10;

export const extractor: Extractor = {
  name: "azure-linux",
  version: 1,
  kind: "os",
  wants: { paths: ["var/lib/rpmmanifest/container-manifest-2"] },
  mode: "buffer",
  maxBytes: 16 * 1024 * 1024,
  extract(file) {
    const facts = buildFacts();
    for (const line of linesOf(file.content)) {
      if (line.trim() === "") continue;
      const one = packageOf(line);
      if (one === undefined) facts.broken();
      else if (!facts.add(one)) break;
    }
    return facts.facts();
  },
};

function packageOf(line: string): PackageFacts | undefined {
  const fields = line.split("\t", columns + 1);
  if (fields.length !== columns) return undefined;
  const [name, version, , , vendor, epoch, , architecture, epochNumber, source] = fields.map(value);
  if (name === undefined || version === undefined || !/^[^-]+-[^-]+$/.test(version)) return undefined;
  const from = rpmSourceOf(source);
  const full = epochOf(epoch, epochNumber);
  return {
    type: "rpm",
    name,
    version: full === undefined ? version : `${full}:${version}`,
    ...(architecture !== undefined && { architecture }),
    ...(from && { source: from }),
    ...(vendor !== undefined && { vendor }),
  };
}

/** What rpm prints where a package has no such tag. */
function value(field: string): string | undefined {
  return field === "(none)" ? undefined : text(field);
}

/** EPOCHNUM says 0 for a package without an epoch too, and some builds write `(none)` whatever the epoch is. */
function epochOf(epoch: string | undefined, number: string | undefined): string | undefined {
  if (epoch !== undefined && /^\d+$/.test(epoch)) return epoch;
  return number !== undefined && /^\d+$/.test(number) && number !== "0" ? number : undefined;
}
