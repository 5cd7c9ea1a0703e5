/** The one way from a name to an image source. */
import { parseReference } from "./reference.ts";
import { sources } from "./registry.generated.ts";
import type { SourceOptions } from "./source-options.ts";
import type { ImageSource } from "./types.ts";

export type { SourceOptions } from "./source-options.ts";

/**
 * Opens what a name says: `docker-archive:PATH[:ref]`, `oci-archive:PATH[:ref]`, `oci-layout:DIR[:ref]`, `rootfs:TAR`,
 * `dir:DIR`, or else a registry reference. The caller closes it.
 * @throws PermanentError `bad-reference`, `registry-not-allowed`, `image-gone` (no such file), `not-an-image`
 */
export async function openImageSource(name: string, options: SourceOptions): Promise<ImageSource> {
  // A registry can be called as a scheme is: `dir:5000/app` is an image there, `dir:./5000/app` is a directory.
  const kind = /^[\w-]+:\d{1,5}\//.test(name) ? undefined : sources.find((one) => name.startsWith(`${one.scheme}:`));
  if (kind !== undefined) return kind.open(name.slice(kind.scheme.length + 1), options);
  const reference = parseReference(name);
  // Loaded when it is needed: Node's HTTP client takes 10 MB, which an archive does not need.
  const { registrySource } = await import("./client/registry.ts");
  return registrySource(reference, options);
}
