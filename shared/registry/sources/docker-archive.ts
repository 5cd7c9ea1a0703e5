import { openArchive } from "../archives/archive.ts";
import type { SourceKind } from "../source-options.ts";

/** What `docker save` writes. The image's digest is that of its configuration, because there is no manifest in it. */
export const source: SourceKind = {
  scheme: "docker-archive",
  open: (rest, options) => openArchive("docker-archive", rest, options),
};
