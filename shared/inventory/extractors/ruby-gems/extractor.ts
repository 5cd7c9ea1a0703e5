/**
 * Installed Ruby gems, default gems included: `specifications/**.gemspec`, which RubyGems writes itself, with a first
 * line for readers that run no Ruby; and `bundler/gems/<repository>-<commit>/**.gemspec`, which Bundler writes anew in
 * that form for gems out of repositories. https://guides.rubygems.org/specification-reference/
 */
import type { Extractor, PackageFacts } from "../../extractor.ts";
import { text } from "../../fields.ts";

/** `# stub: <name> <version> <platform> <load paths>` */
const stub = /^# stub: (\S+) (\S+) (\S+)/m;
/** As gems before stubs have it, and as `gem` writes it beside the stub. */
const assigned = {
  name: /^[ \t]*s\.name[ \t]*=[ \t]*(?:%q\{([^}\n]*)\}|["']([^"'\n]*)["'])/m,
  version: /^[ \t]*s\.version[ \t]*=[ \t]*(?:Gem::Version\.new\()?["']([^"'\n]*)["']/m,
  platform: /^[ \t]*s\.platform[ \t]*=[ \t]*(?:%q\{([^}\n]*)\}|["']([^"'\n]*)["'])/m,
  licenses: /^[ \t]*s\.licenses?[ \t]*=[ \t]*(\[[^\]\n]*\]|["'][^"'\n]*["'])/m,
};
const validName = /^[A-Za-z0-9._-]+$/;
const validVersion = /^\d[0-9A-Za-z.-]*$/;

export const extractor: Extractor = {
  name: "ruby-gems",
  version: 2,
  kind: "language",
  wants: {
    suffixes: [".gemspec"],
    accept: (path) =>
      /(^|\/)(specifications\/(default\/)?|bundler\/gems\/[^/]+\/([^/]+\/){0,2})[^/]+\.gemspec$/.test(path),
  },
  mode: "buffer",
  maxBytes: 4 * 1024 * 1024,
  extract({ content }) {
    const one = gemOf(content.toString("utf8"));
    return one === undefined
      ? { partial: [{ reason: "broken-record", detail: "no usable name or version" }] }
      : { packages: [one] };
  },
};

function gemOf(ruby: string): PackageFacts | undefined {
  const [, stubName, stubVersion, stubPlatform] = stub.exec(ruby) ?? [];
  const name = text(stubName ?? captured(assigned.name, ruby), 256);
  const version = text(stubVersion ?? captured(assigned.version, ruby), 128);
  const platform = text(stubPlatform ?? captured(assigned.platform, ruby), 128);
  if (name === undefined || version === undefined || !validName.test(name) || !validVersion.test(version)) {
    return undefined;
  }
  const licenses = [...(captured(assigned.licenses, ruby) ?? "").slice(0, 4096).matchAll(/["']([^"']+)["']/g)]
    .flatMap(([, license]) => text(license) ?? [])
    .slice(0, 20);
  return {
    type: "gem",
    name,
    version,
    ...(licenses.length > 0 && { licenses }),
    ...(platform !== undefined && platform !== "ruby" && { qualifiers: { platform } }),
  };
}

function captured(pattern: RegExp, ruby: string): string | undefined {
  return pattern
    .exec(ruby)
    ?.slice(1)
    .find((group) => group !== undefined);
}
