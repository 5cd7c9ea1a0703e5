import { fetchWhole } from "../../sources/whole-file.ts";
import { xmlDocumentsIn } from "../../sources/xml-documents.ts";
import type { FeedUpstream } from "../../types.ts";

const file = "com.oracle.elsa-all.xml.bz2";

export const upstream: FeedUpstream = {
  url: "https://linux.oracle.com/security/oval",
  enabled: true,
  attribution: "Oracle Linux errata, https://linux.oracle.com/security/",
  redistributable: true,
  staleAfterHours: 72,
  parts: (wants) => (wants("Oracle Linux") ? [""] : []),
  fetch: (_part, fetcher) => fetchWhole(fetcher, file, (stored) => xmlDocumentsIn(stored, file)),
};
