/** Platforms, normalised and chosen (OCI image-spec 1.1, image-index.md). */
import type { ImagePlatform, PlatformSelection } from "./types.ts";

/** `os/architecture[/variant]`. */
export function formatPlatform(platform: ImagePlatform): string {
  const variant = platform.variant === undefined ? "" : `/${platform.variant}`;
  return `${platform.os}/${platform.architecture}${variant}`;
}

/** Variants that say nothing more than their architecture does are the same as none. */
const silentVariants: Readonly<Record<string, string>> = { arm64: "v8", amd64: "v1" };

function normalised(platform: string): readonly [string, string, string | undefined] {
  const [os = "", architecture = "", variant] = platform.split("/");
  return [os, architecture, variant === silentVariants[architecture] ? undefined : variant];
}

/** Whether a platform was asked for. A wish without a variant takes every variant of its architecture. */
export function isWanted(platform: ImagePlatform, selection: PlatformSelection): boolean {
  if (selection === "all") return true;
  const [os, architecture, variant] = normalised(formatPlatform(platform));
  return selection.some((wish) => {
    const [wantedOs, wantedArchitecture, wantedVariant] = normalised(wish);
    const named = wish.split("/").length > 2;
    return wantedOs === os && wantedArchitecture === architecture && (!named || wantedVariant === variant);
  });
}
