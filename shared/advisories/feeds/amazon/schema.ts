/** An update of Amazon Linux, as updateinfo.xml has it, or as JSON with the same members. */
import * as z from "zod";
import { many } from "../../reading/json-document.ts";
import { child, parseXml, type XmlElement } from "../../sources/xml.ts";

const line = z.string().max(4096);
const word = z.string().regex(/^[\w.+~^:-]{1,300}$/);
export const amazonUpdate = z.object({
  ID: z.string().regex(/^ALAS[A-Z0-9._-]{3,100}$/),
  Title: line.nullish(),
  Issued: z.object({ Date: line }).nullish(),
  Updated: z.object({ Date: line }).nullish(),
  Severity: line.nullish(),
  Description: z.string().nullish(),
  References: z.object({ Reference: many(z.object({ ID: line, Type: line.nullish() }), 10_000) }).nullish(),
  Pkglist: z.object({
    Collection: z.object({
      Package: many(
        z.object({
          Name: word,
          Epoch: z
            .string()
            .regex(/^[0-9]{0,10}$/)
            .nullish(),
          Version: word,
          Release: word,
          Arch: word,
        }),
        100_000,
      ),
    }),
  }),
});
export type AmazonUpdate = z.infer<typeof amazonUpdate>;

/** The members of an `update` element under the names of the JSON. */
export function updateOfXml(bytes: Buffer): unknown {
  const update = parseXml(bytes);
  const textOf = (name: string) => child(update, name)?.text;
  const list = (outer: XmlElement | undefined, name: string) =>
    outer?.children.filter((element) => element.name === name) ?? [];
  const collections = list(child(update, "pkglist"), "collection");
  return {
    ID: textOf("id"),
    Title: textOf("title"),
    Issued: { Date: child(update, "issued")?.attributes["date"] ?? "" },
    Updated: { Date: child(update, "updated")?.attributes["date"] ?? "" },
    Severity: textOf("severity"),
    Description: textOf("description"),
    References: {
      Reference: list(child(update, "references"), "reference").map(({ attributes }) => ({
        ID: attributes["id"] ?? "",
        Type: attributes["type"],
      })),
    },
    Pkglist: {
      Collection: {
        Package: collections
          .flatMap((collection) => list(collection, "package"))
          .map(({ attributes: { name, epoch, version, release, arch } }) => ({
            Name: name,
            Epoch: epoch,
            Version: version,
            Release: release,
            Arch: arch,
          })),
      },
    },
  };
}
