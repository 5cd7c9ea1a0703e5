import { stat } from "node:fs/promises";
import { PermanentError } from "../../platform/errors.ts";
import { tarOfDirectory } from "../archives/directory-tar.ts";
import { fileError } from "../archives/files.ts";
import { singleLayerSource } from "../archives/single-layer.ts";
import { mediaTypes } from "../documents.ts";
import type { SourceKind } from "../source-options.ts";

/**
 * A directory as an image of one layer, a tar stream made while it is read. Its digest is that of the stream: it is made
 * twice, and a directory that changes in between ends in `digest-mismatch`. The platform is not known.
 */
export const source: SourceKind = {
  scheme: "dir",
  open: async (path, options) => {
    const status = await stat(path).catch((error: unknown) => {
      throw fileError(error, path);
    });
    if (!status.isDirectory()) throw new PermanentError("not-an-image", `${path} is not a directory`);
    return singleLayerSource(`dir:${path}`, options, {
      describe: () => tarOfDirectory(path, options.log).describe(mediaTypes.ociLayer),
      read: () => tarOfDirectory(path).read(),
      close: () => Promise.resolve(),
    });
  },
};
