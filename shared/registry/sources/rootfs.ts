import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { compressionOf, digestOfFile } from "../archives/compression.ts";
import { fileError, openFile, readRange } from "../archives/files.ts";
import { singleLayerSource } from "../archives/single-layer.ts";
import { mediaTypes } from "../documents.ts";
import type { SourceKind } from "../source-options.ts";

/**
 * A root filesystem as one tar file (plain, gzip or zstd): an image of one layer. Its digest is that of the file, which
 * is read once for it. The platform is not known, so that every selection takes it.
 */
export const source: SourceKind = {
  scheme: "rootfs",
  open: async (path, options) => {
    const { handle, size } = await openFile(path);
    if (size > limits.layerBytes) {
      await handle.close();
      throw new PermanentError("manifest-too-large", `${path} is over ${limits.layerBytes} bytes`);
    }
    const read = () => readRange(handle, 0, size);
    return singleLayerSource(`rootfs:${path}`, options, {
      describe: async () => {
        try {
          const compression = await compressionOf(read());
          const suffix = compression === "none" ? "" : `+${compression}`;
          return { mediaType: `${mediaTypes.ociLayer}${suffix}`, digest: await digestOfFile(read()), size };
        } catch (error) {
          throw fileError(error, path);
        }
      },
      read,
      close: () => handle.close(),
    });
  },
};
