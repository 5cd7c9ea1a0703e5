import type { Platform } from "../platform/ports.ts";
import { openImageSource } from "../registry/open-source.ts";
import type { ImageSource } from "../registry/types.ts";

/** An image of a registry, with the platform's settings and credentials. The caller closes it. */
export function openSource(
  platform: Pick<Platform, "settings" | "credentials" | "log">,
  name: string,
): Promise<ImageSource> {
  const { settings, credentials, log } = platform;
  return openImageSource(name, { settings: settings.registries, credentials, log });
}
