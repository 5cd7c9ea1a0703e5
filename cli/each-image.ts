/** The images that a name on the command line means. */
import { arch, homedir } from "node:os";
import { join } from "node:path";
import { dockerConfigCredentials } from "../shared/registry/credentials/docker-config.ts";
import { openImageSource } from "../shared/registry/open-source.ts";
import { formatPlatform } from "../shared/registry/platforms.ts";
import { parseReference } from "../shared/registry/reference.ts";
import type { Image, PlatformSelection, ResolvedImage } from "../shared/registry/types.ts";
import type { VexContext } from "../shared/vex/supply.ts";
import { UsageError } from "./exit.ts";
import type { LocalStore } from "./local-store.ts";
import { terminalProgress } from "./terminal.ts";

type Found = Pick<VexContext, "source" | "resolved" | "references">;

/** Opens every chosen image of a name, one after the other. Throws the typed errors of the image source. */
export async function eachImage(
  name: string,
  store: LocalStore,
  platform: string | undefined,
  use: (image: Image, onBytes: (done: number, total: number) => void, found: Found) => Promise<void>,
): Promise<Pick<ResolvedImage, "digest" | "kind"> & { readonly name: string }> {
  const progress = terminalProgress();
  const configured = process.env["DOCKER_CONFIG"];
  const source = await openImageSource(name, {
    settings: { ...store.settings.registries, allowPrivate: [...store.settings.registries.allowPrivate] },
    credentials: dockerConfigCredentials(configured ?? join(homedir(), ".docker")),
    log: store.log,
  });
  try {
    const resolved = await source.resolve(platform === undefined ? "all" : selection(platform));
    const images = platform === undefined ? ofThisMachine(resolved) : resolved.images;
    const found = { source, resolved, references: referencesOf(source.name) };
    for (const candidate of images) {
      const image = await candidate.open();
      await use(image, (done, total) => progress.report(source.name, done, total), found);
    }
    return { name: source.name, digest: resolved.digest, kind: resolved.kind };
  } finally {
    progress.end();
    await source.close();
  }
}

function selection(platform: string): PlatformSelection {
  if (platform === "all") return "all";
  if (!/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(platform)) {
    throw new UsageError(`--platform ${platform} is not of the form linux/amd64`);
  }
  return [platform];
}

/** A single image whatever it is for; of an index, the Linux image for this machine's architecture. */
function ofThisMachine(resolved: ResolvedImage): ResolvedImage["images"] {
  if (resolved.kind === "image") return resolved.images;
  const architecture = arch() === "arm64" ? "arm64" : "amd64";
  const fitting = resolved.images.filter(
    ({ platform }) => platform.os === "linux" && platform.architecture === architecture,
  );
  if (fitting.length > 0) return fitting;
  const there = resolved.images.map((image) => formatPlatform(image.platform)).join(", ");
  throw new UsageError(`the index has no image for linux/${architecture}: choose with --platform ${there}, or all`);
}

/** Archives and directories have a scheme instead of a registry. */
function referencesOf(name: string): VexContext["references"] {
  try {
    return [parseReference(name)];
  } catch {
    return [];
  }
}
