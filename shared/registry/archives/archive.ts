/**
 * Archives of images: what `docker save`, `skopeo`, `podman`, kaniko, containerd and BuildKit write. Many hold both a
 * Docker manifest and an OCI index; the scheme says which of them is meant, and the other one serves when it is absent.
 */
import type { SourceOptions } from "../source-options.ts";
import type { ImageSource } from "../types.ts";
import { dockerArchiveSource } from "./docker-archive.ts";
import { splitPath } from "./files.ts";
import { type LayoutFiles, layoutSource } from "./layout.ts";
import { openTar, type TarIndex } from "./tar-index.ts";

/** @param rest `PATH[:ref]` */
export async function openArchive(
  scheme: "docker-archive" | "oci-archive",
  rest: string,
  options: SourceOptions,
): Promise<ImageSource> {
  const { path, reference } = await splitPath(rest);
  const tar = await openTar(path);
  const hasIndex = rootOf(tar, ["index.json"]) !== undefined;
  const dockerRoot = rootOf(tar, ["manifest.json", "repositories"]);
  const name = `${scheme}:${rest}`;
  if (scheme === "docker-archive" ? dockerRoot !== undefined : !hasIndex && dockerRoot !== undefined) {
    return dockerArchiveSource(name, tarFiles(tar, dockerRoot ?? ""), reference, options);
  }
  return layoutSource(name, tarFiles(tar, rootOf(tar, ["index.json"]) ?? ""), reference, options);
}

/** The folder in which the documents are: the root, or the one folder that somebody has packed. */
function rootOf(tar: TarIndex, documents: readonly string[]): string | undefined {
  for (const document of documents) if (tar.find(document) !== undefined) return "";
  for (const name of tar.names()) {
    const [folder, file, ...more] = name.split("/");
    if (file !== undefined && more.length === 0 && documents.includes(file)) return `${folder}/`;
  }
  return undefined;
}

function tarFiles(tar: TarIndex, root: string): LayoutFiles {
  return {
    open: (path) => {
      const member = tar.find(`${root}${path}`);
      return Promise.resolve(member && { size: member.size, read: () => tar.read(member) });
    },
    close: () => tar.close(),
  };
}
