import type { Platform } from "../platform/ports.ts";
import { parseReference } from "../registry/reference.ts";
import type { ImageSource } from "../registry/types.ts";

/**
 * An image of a registry, with the platform's settings and credentials; a name never leads to files of this machine.
 * The caller closes it.
 */
export async function openSource(
  platform: Pick<Platform, "settings" | "credentials" | "log">,
  name: string,
): Promise<ImageSource> {
  const { settings, credentials, log } = platform;
  // Loaded with the first scan: Node's HTTP client takes memory that an idle platform does not need.
  const { registrySource } = await import("../registry/client/registry.ts");
  return registrySource(parseReference(name), { settings: settings.registries, credentials, log });
}
