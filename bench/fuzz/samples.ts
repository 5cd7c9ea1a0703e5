/** What is mutated: files out of real images when they are beside the checkout, and made-up ones for every extractor. */
import { globSync, readFileSync, statSync } from "node:fs";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { compressionOf } from "../../shared/inventory/decompress.ts";
import type { AnyExtractor } from "../../shared/inventory/extractor.ts";
import { createTarWalker } from "../../shared/inventory/tar/walker.ts";
import { compileMatcher } from "../../shared/inventory/wanted.ts";

export interface Sample {
  readonly path: string;
  readonly content: Buffer;
}

/** Larger files are cut: what a parser does with them it does with their first part. */
const mostBytes = 48 * 1024;
const perExtractor = 12;

export interface Samples {
  /** By the name of the extractor. */
  readonly files: ReadonlyMap<string, readonly Sample[]>;
  /** Whole archives of images and layers, uncompressed. */
  readonly archives: readonly Buffer[];
}

/** @param folder of real images; undefined: only made-up ones */
export function collectSamples(extractors: readonly AnyExtractor[], folder: string | undefined): Samples {
  const matcher = compileMatcher(extractors);
  const files = new Map<string, Sample[]>(extractors.map(({ name }) => [name, []]));
  const archives: Buffer[] = [];

  function keep(path: string, content: Buffer): void {
    for (const content_ of [undefined, "executable"] as const) {
      for (const { name } of matcher.match(path, content_)) {
        const list = files.get(name);
        if (list === undefined || list.length >= perExtractor || list.some((one) => one.path === path)) continue;
        list.push({ path, content: Buffer.from(content.subarray(0, mostBytes)) });
      }
    }
  }

  for (const path of folder === undefined ? [] : globSync(`${folder}/**/*`).sort()) {
    if (!statSync(path).isFile() || statSync(path).size > 40_000_000) continue;
    const bytes = readFileSync(path);
    keep(path.slice((folder ?? "").length + 1), bytes);
    if (isTar(bytes)) walk(bytes, keep, archives);
  }
  for (const extractor of extractors) {
    const list = files.get(extractor.name) ?? [];
    for (const path of pathsOf(extractor)) {
      if (list.length < 4 || !list.some((one) => one.path === path)) {
        for (const content of madeUp) list.push({ path, content: Buffer.from(content) });
      }
    }
  }
  return { files, archives };
}

function isTar(bytes: Buffer): boolean {
  return bytes.toString("latin1", 257, 262) === "ustar";
}

/** The files of a tar, and of the tars and compressed tars in it. */
function walk(bytes: Buffer, keep: (path: string, content: Buffer) => void, archives: Buffer[], depth = 0): void {
  if (bytes.length < 60_000) archives.push(bytes);
  let parts: Buffer[] = [];
  let path = "";
  const walker = createTarWalker({
    entry(entry) {
      path = entry.path();
      parts = [];
      return entry.kind === "file" && entry.size > 0 && entry.size < 20_000_000;
    },
    content: (piece) => parts.push(Buffer.from(piece)),
    end() {
      const content = Buffer.concat(parts);
      if (content.length > 0) keep(path, content);
      if (depth > 2) return;
      const inner = expanded(content);
      if (inner !== undefined && isTar(inner)) walk(inner, keep, archives, depth + 1);
    },
    refused: () => {},
  });
  try {
    walker.push(bytes);
  } catch {
    // A broken archive among the samples still gave what came before the break.
  }
}

function expanded(content: Buffer): Buffer | undefined {
  const most = { maxOutputLength: 30_000_000 };
  try {
    const compression = compressionOf(content);
    if (compression === "none") return content;
    return compression === "gzip" ? gunzipSync(content, most) : zstdDecompressSync(content, most);
  } catch {
    return undefined;
  }
}

/** Where package managers put what they call by a name or an ending. */
const places = [
  "",
  "app/",
  "usr/lib/",
  "app/node_modules/a/",
  "app/vendor/composer/",
  "app/.dart_tool/",
  "var/lib/pacman/local/a-1-1/",
  "usr/lib/python3/dist-packages/pip/_vendor/",
  "usr/lib/python3.12/ensurepip/_bundled/",
  "usr/lib/python3/dist-packages/x-1.0.dist-info/",
  "opt/conda/conda-meta/",
  "usr/lib/erlang/lib/x-1.0/ebin/",
  "usr/share/rubygems/specifications/",
  "usr/local/lib/php/.registry/.channel.pecl.php.net/",
] as const;

/** Paths that an extractor takes, from what it says it wants. */
function pathsOf({ wants }: AnyExtractor): readonly string[] {
  const candidates = [
    ...(wants.paths ?? []),
    ...places.flatMap((place) => (wants.basenames ?? []).map((name) => `${place}${name}`)),
    ...places.flatMap((place) => (wants.suffixes ?? []).map((suffix) => `${place}x-1.0-0${suffix}`)),
    ...(wants.suffixes ?? []).flatMap((suffix) =>
      ["bom", "sbom", "x.spdx", "x.cdx"].map((name) => `app/${name}${suffix}`),
    ),
    ...(wants.directories ?? []).flatMap((one) => [`${one}/x`, `${one}/x.json`, `${one}/Dockerfile-x-1.0-1`]),
    ...(wants.executables === undefined ? [] : ["usr/bin/x", "usr/sbin/nginx", "usr/local/bin/node"]),
  ];
  const accepted = candidates.filter((path) => wants.accept?.(path) ?? true);
  return accepted.slice(0, 4);
}

const madeUp: readonly string[] = [
  '{"name":"a","version":"1.0.0","license":"MIT","dependencies":{"b":{"version":"2.0.0"}},"packages":{"node_modules/b":{"version":"2.0.0"}}}',
  '[[package]]\nname = "a"\nversion = "1.0.0"\ndependencies = ["b"]\n\n[package.source]\nurl = \'https://example.test\'\n',
  "Package: a\nStatus: install ok installed\nVersion: 1:2-3\nArchitecture: amd64\nSource: b (4)\nDescription: x\n y\n",
  'packages:\n  a@1.0.0:\n    resolution: {integrity: sha512-x}\n  b:\n    dependency: direct\n    version: "2.0.0"\n',
  "GEM\n  remote: https://example.test/\n  specs:\n    a (1.0)\n      b (~> 2)\n\nPLATFORMS\n  ruby\n",
  "P:a\nV:1.0-r0\nA:x86_64\nL:MIT\no:b\nF:usr/lib\nR:x\n\n",
  "Metadata-Version: 2.1\nName: a\nVersion: 1.0\nLicense: MIT\nClassifier: License :: OSI Approved\n\nText\n",
  '<?xml version="1.0"?><project><groupId>a</groupId><artifactId>b</artifactId><version>1</version></project>',
  "# comment\na==1.0 ; python_version > '3' --hash=sha256:00\nb[extra]~=2.0\n-r other.txt\n",
  "%NAME%\na\n\n%VERSION%\n1-1\n\n%ARCH%\nany\n\n%LICENSE%\nMIT\n\n",
  '{"packages":[{"name":"a/b","version":"v1.0.0","license":["MIT"],"install-path":"../a/b"}],"dev-package-names":[]}',
  '{"name":"a","version":"1.0","build":"py_0","build_number":0,"channel":"main","license":"MIT","files":["lib/a.py"]}',
  '{application, a, [{vsn, "1.0"}, {modules, [b]}, {applications, [kernel, stdlib]}, {licenses, [<<"MIT">>]}]}.\n',
  'Gem::Specification.new do |s|\n  s.name = "a".freeze\n  s.version = "1.0"\n  s.licenses = ["MIT".freeze]\nend\n',
  "name: a\nversion: 1.0.0\ndependencies:\n  b: ^2.0.0\n  c:\n    git: {url: x, ref: y}\n",
  '{"image_contents":[{"purl":"pkg:rpm/redhat/a@1-1?arch=x86_64"}],"content_sets":["rhel-9-for-x86_64-baseos-rpms"]}',
  '{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","name":"a","version":"1","purl":"pkg:npm/a@1","components":[]}]}',
  '{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","packages":[{"name":"a","versionInfo":"1","SPDXID":"SPDXRef-a","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/a@1"}]}],"relationships":[]}',
  'a:4:{s:4:"name";s:5:"redis";s:7:"channel";s:12:"pecl.php.net";s:7:"version";a:1:{s:7:"release";s:5:"6.0.2";}s:7:"license";s:3:"PHP";}',
  "SPDXVersion: SPDX-2.3\nPackageName: a\nPackageVersion: 1\nExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\nPackageComment: <text>b\nc</text>\n",
  '<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components><component type="library"><name>a</name><version>1</version><purl>pkg:npm/a@1</purl></component></components></bom>',
  "certifi==2023.7.22\nurllib3==1.26.18\n  idna==3.4\n",
  'LABEL name="ubi9" version="9.4" \\\n  "com.redhat.component"="ubi9-container" cpe="cpe:/o:redhat:enterprise_linux:9"\n',
  `\x7fELF\x02\x01\x01${"\0".repeat(9)}\x02\0\x3e\0\x01\0\0\0${"\0".repeat(100)}nginx/1.25.3 go1.22.1 OpenSSL 3.0.1`,
];
