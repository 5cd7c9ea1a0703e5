/** Documents of the two XML forms in which updates of rpm distributions are published, one for each record. */
import { decompressedFile } from "./compressed.ts";
import { documentOf, type SourceDocument } from "./document.ts";
import { xmlElements } from "./xml.ts";

/** OVAL (https://oval-community-guidelines.readthedocs.io/) has definitions, updateinfo.xml of yum and dnf updates. */
const records = new Set(["definition", "update"]);

/** Every `definition` and `update` of an XML document, as it stands in it. Throws what `xmlElements` throws. */
export async function* xmlDocuments(chunks: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<SourceDocument> {
  for await (const bytes of xmlElements(chunks, records)) {
    yield documentOf(file, bytes);
  }
}

/** The same of a file, whatever it is compressed with. */
export function xmlDocumentsIn(path: string, file: string): AsyncGenerator<SourceDocument> {
  return xmlDocuments(decompressedFile(path), file);
}
