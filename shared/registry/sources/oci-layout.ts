import { join } from "node:path";
import { PermanentError } from "../../platform/errors.ts";
import { openFile, readRange, splitPath } from "../archives/files.ts";
import { type LayoutFiles, layoutSource } from "../archives/layout.ts";
import type { SourceKind } from "../source-options.ts";

/** An OCI image layout in a directory. */
export const source: SourceKind = {
  scheme: "oci-layout",
  open: async (rest, options) => {
    const { path, reference } = await splitPath(rest);
    return layoutSource(`oci-layout:${rest}`, directoryFiles(path), reference, options);
  },
};

function directoryFiles(directory: string): LayoutFiles {
  return {
    open: async (path) => {
      // The first look says whether it is there; every read then opens it again and closes it at its end.
      const found = await openFile(join(directory, path)).catch(gone);
      await found?.handle.close();
      return found && { size: found.size, read: () => readFileOf(join(directory, path)) };
    },
    close: () => Promise.resolve(),
  };
}

async function* readFileOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const { handle, size } = await openFile(path);
  try {
    yield* readRange(handle, 0, size);
  } finally {
    await handle.close();
  }
}

function gone(error: unknown): undefined {
  if (error instanceof PermanentError && error.code === "image-gone") return undefined;
  throw error;
}
