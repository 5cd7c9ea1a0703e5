import { openArchive } from "../archives/archive.ts";
import type { SourceKind } from "../source-options.ts";

/** An OCI image layout in a tar file. */
export const source: SourceKind = {
  scheme: "oci-archive",
  open: (rest, options) => openArchive("oci-archive", rest, options),
};
