/** Installed packages of the smaller ecosystems: what their own tools leave on the disk, and what is left out. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Extractor, Facts, PackageFacts } from "../../../../shared/inventory/extractor.ts";
import { extractor as conda } from "../../../../shared/inventory/extractors/conda/extractor.ts";
import { extractor as dart } from "../../../../shared/inventory/extractors/dart/extractor.ts";
import { extractor as dotnet } from "../../../../shared/inventory/extractors/dotnet/extractor.ts";
import { extractor as elixirOtp } from "../../../../shared/inventory/extractors/elixir-otp/extractor.ts";
import { extractor as perl } from "../../../../shared/inventory/extractors/perl/extractor.ts";
import { extractor as phpComposer } from "../../../../shared/inventory/extractors/php-composer/extractor.ts";
import { extractor as phpPear } from "../../../../shared/inventory/extractors/php-pear/extractor.ts";
import { extractor as pythonEgg } from "../../../../shared/inventory/extractors/python-egg/extractor.ts";
import { extractor as r } from "../../../../shared/inventory/extractors/r/extractor.ts";
import { extractor as rubyGems } from "../../../../shared/inventory/extractors/ruby-gems/extractor.ts";
import { purlOf } from "../../../../shared/inventory/purl.ts";
import { compileMatcher } from "../../../../shared/inventory/wanted.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { buildZip } from "../zip-writer.ts";

const all = [conda, dart, dotnet, elixirOtp, perl, phpComposer, phpPear, pythonEgg, r, rubyGems];
const matcher = compileMatcher(all);

/** As the layer reader does it: only wanted files, by whoever wants them. */
function extract(path: string, content: string | Buffer, companions: Record<string, string> = {}): Facts {
  const [extractor, ...more] = matcher.match(path);
  if (extractor?.mode !== "buffer" || more.length > 0) throw new Error(`${path} is wanted by ${more.length} others`);
  const beside = new Map(Object.entries(companions).map(([name, text]) => [name, Buffer.from(text)]));
  return extractor.extract({ path, content: Buffer.from(content), companions: beside, isLanguageEvidence: () => true });
}

function purls(facts: Facts): string[] {
  return (facts.packages ?? []).map((one) => purlOf(one, undefined));
}

function found(path: string, content: string): PackageFacts | undefined {
  const { packages, partial } = extract(path, content);
  expect(partial ?? []).toEqual([]);
  expect(packages?.length ?? 0).toBeLessThan(2);
  return packages?.[0];
}

/** As PHP's `serialize` writes it: integers as keys where they look like some. */
function phpSerialized(value: unknown): string {
  if (value === null || value === undefined) return "N;";
  if (typeof value === "boolean") return `b:${value ? 1 : 0};`;
  if (typeof value === "number") return `${Number.isInteger(value) ? "i" : "d"}:${value};`;
  if (typeof value === "string") return `s:${Buffer.byteLength(value)}:"${value}";`;
  const members = Object.entries(value).map(
    ([key, one]) => phpSerialized(/^\d+$/.test(key) ? Number(key) : key) + phpSerialized(one),
  );
  return `a:${members.length}:{${members.join("")}}`;
}

const broken = [{ reason: "broken-record" }];

it("each wants its own files only", () => {
  const wanted = {
    conda: ["opt/conda/conda-meta/zlib-1.2.13-h5eee18b_0.json"],
    dart: ["root/.pub-cache/hosted/pub.dev/args-2.4.0/pubspec.yaml", "app/.dart_tool/package_config.json"],
    dotnet: ["app/web.deps.json"],
    "elixir-otp": ["app/lib/cowboy-2.9.0/ebin/cowboy.app"],
    perl: ["usr/lib/perl5/perllocal.pod", "l/.meta/A-1/install.json", "l/.meta/A-1/MYMETA.json"],
    "php-composer": ["app/vendor/composer/installed.json"],
    "php-pear": ["l/php/.registry/pear.reg", "l/php/.registry/.channel.pecl.php.net/redis.reg"],
    "python-egg": ["lib/a-1-py3.egg", "lib/a-1-py3.egg/EGG-INFO/PKG-INFO"],
    r: ["usr/lib/R/library/boot/DESCRIPTION"],
    "ruby-gems": [
      "g/specifications/a-1.gemspec",
      "g/specifications/default/a-1.gemspec",
      "usr/local/bundle/bundler/gems/rails-0a1b2c3d4e5f/rails.gemspec",
      "usr/local/bundle/bundler/gems/rails-0a1b2c3d4e5f/activesupport/activesupport.gemspec",
    ],
  };
  const others = [
    "opt/conda/conda-meta/history",
    "l/php/registry/pear.reg",
    "l/php/.registry/a/b/c.reg",
    "opt/conda/x-1-0.json",
    "app/pubspec.yaml",
    "app/deps.json",
    "app/src/cowboy.app",
    "x/installed.json",
    "a.egg-info/PKG-INFO",
    "DESCRIPTION",
    "g/gems/a-1/a.gemspec",
    "bundler/gems/a-1/spec/fixtures/b/b.gemspec",
  ];
  const names = (path: string): string[] => matcher.match(path).map(({ name }) => name);
  for (const [name, paths] of Object.entries(wanted)) expect(paths.map(names)).toEqual(paths.map(() => [name]));
  expect(others.map(names)).toEqual(others.map(() => []));
});

describe("dotnet", () => {
  const target = ".NETCoreApp,Version=v8.0/linux-x64";
  const document = (library: object, assets?: object): string =>
    JSON.stringify({
      runtimeTarget: { name: target },
      targets: { ".NETCoreApp,Version=v8.0": {}, [target]: { "A.B/1.2.3-rc.1": assets ?? {} } },
      libraries: { "A.B/1.2.3-rc.1": library },
    });

  it("lists packages with files at run time", () => {
    const assets = { runtime: { "lib/net8.0/A.B.dll": {} } };
    expect(purls(extract("a.deps.json", `\ufeff${document({ type: "package" }, assets)}`))).toEqual([
      "pkg:nuget/A.B@1.2.3-rc.1",
    ]);
    expect(purls(extract("a.deps.json", document({ type: "package" }, { native: { "a.so": {} } })))).toHaveLength(1);
    expect(purls(extract("a.deps.json", document({ type: "package" }, { compile: { "ref/A.dll": {} } })))).toEqual([]);
    expect(purls(extract("a.deps.json", document({ type: "project" }, assets)))).toEqual([]);
  });

  it("lists the runtime that an application carries", () => {
    const libraries = { "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": { type: "runtimepack" } };
    expect(purls(extract("a.deps.json", JSON.stringify({ libraries })))).toEqual([
      "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@8.0.1",
    ]);
  });

  it.each(["{}", '{"libraries":{"/":{"type":"package"}}}', '{"libraries":{"A B/1":{"type":"package"}}}'])(
    "%s is a broken record",
    (content) => {
      expect(extract("a.deps.json", content)).toMatchObject({ packages: [], partial: broken });
    },
  );
});

describe("ruby-gems", () => {
  const path = "usr/local/bundle/specifications/a-1.gemspec";

  it("reads what RubyGems writes: the stub first", () => {
    const stub =
      "# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.13.6 x86_64-linux lib\n\nGem::Specification.new do |s|\n";
    expect(found(path, `${stub}  s.name = "other".freeze\n  s.licenses = ["MIT".freeze, "Ruby".freeze]\n`)).toEqual({
      type: "gem",
      name: "nokogiri",
      version: "1.13.6",
      licenses: ["MIT", "Ruby"],
      qualifiers: { platform: "x86_64-linux" },
    });
  });

  it.each([
    ['  s.name = "rake".freeze\n  s.version = "13.0.6"\n  s.license = "MIT"', ["MIT"]],
    ["  s.name = %q{rake}\n  s.version = Gem::Version.new('13.0.6')\n  s.platform = 'ruby'", undefined],
  ])("reads assignments: %j", (ruby, licenses) => {
    expect(found(path, ruby)).toEqual({ type: "gem", name: "rake", version: "13.0.6", ...(licenses && { licenses }) });
  });

  it("a version that only running it would tell is not made up", () => {
    expect(extract(path, 's.name = "a"\ns.version = A::VERSION\n')).toMatchObject({ partial: broken });
  });
});

describe("php-pear", () => {
  const path = "usr/local/lib/php/.registry/.channel.pecl.php.net/redis.reg";
  const redis = {
    attribs: { version: "2.0" },
    name: "redis",
    channel: "pecl.php.net",
    version: { release: "6.0.2", api: "6.0.0" },
    license: { attribs: { uri: "https://www.php.net/license" }, _content: "PHP" },
    contents: { dir: { file: { 0: "é".repeat(300) } } },
  };

  it.each<[record: object, at: string, purl: string, licenses: readonly string[] | undefined]>([
    [redis, path, "pkg:pear/pecl.php.net/redis@6.0.2", ["PHP"]],
    [
      { ...redis, name: "Archive_Tar", channel: "pear.php.net", license: { 0: "BSD", 1: { _content: "MIT" } } },
      "l/.registry/archive_tar.reg",
      "pkg:pear/pear.php.net/Archive_Tar@6.0.2",
      ["BSD", "MIT"],
    ],
    // Version 1 of the format.
    [
      { package: "Old", version: "1.2RC1", license: "PHP License" },
      "l/.registry/old.reg",
      "pkg:pear/pear.php.net/Old@1.2RC1",
      ["PHP License"],
    ],
    [
      { package: "imagick", version: "3.0", license: null },
      path.replace("redis", "imagick"),
      "pkg:pear/pecl.php.net/imagick@3.0",
      undefined,
    ],
  ])("%#", (record, at, purl, licenses) => {
    const facts = extract(at, phpSerialized(record));
    expect([purls(facts), facts.packages?.[0]?.licenses]).toEqual([[purl], licenses]);
  });

  it.each([
    { name: "redis" },
    { name: "re dis", version: "1" },
    { name: "redis", version: { release: "next" } },
    { name: "redis", version: "1", channel: "a/b" },
    ["redis"],
  ])("%j has no usable name or version", (record) => {
    expect(extract(path, phpSerialized(record))).toMatchObject({ partial: broken });
  });
});

describe("php-composer", () => {
  const path = "app/vendor/composer/installed.json";
  const symfony = { name: "symfony/HTTP-kernel", version: "v5.4.20", license: ["MIT"] };
  const psr = { name: "psr/log", version: "1.1.4", license: "MIT" };

  it.each([[[symfony, psr]], [{ packages: [symfony, psr], dev: true, "dev-package-names": [] }]])(
    "reads both forms: %j",
    (document) => {
      const facts = extract(path, JSON.stringify(document));
      expect(purls(facts)).toEqual(["pkg:composer/symfony/http-kernel@v5.4.20", "pkg:composer/psr/log@1.1.4"]);
      expect(facts.packages?.map(({ licenses }) => licenses)).toEqual([["MIT"], ["MIT"]]);
    },
  );

  it("a name that is nearly valid takes no time", () => {
    const name = `${"a".repeat(120)}/${"a".repeat(120)}!`;
    const started = performance.now();
    expect(extract(path, JSON.stringify([{ name, version: "1" }]))).toMatchObject({ partial: broken });
    expect(performance.now() - started).toBeLessThan(500);
  });

  it.each(['{"packages":{}}', "null", '[{"name":"no-vendor","version":"1"}]', '[{"name":"a/b"}]', "[[]]"])(
    "%s is a broken record",
    (content) => {
      expect(extract(path, content)).toMatchObject({ packages: [], partial: broken });
    },
  );
});

describe("conda", () => {
  const path = "opt/conda/conda-meta/zlib-1.2.13-h5eee18b_0.json";
  const record = { name: "zlib", version: "1.2.13", build: "h5eee18b_0", subdir: "linux-64", license: "Zlib" };

  it.each([
    ["https://repo.anaconda.com/pkgs/main/linux-64", "main"],
    ["https://conda.anaconda.org/t/tk-0123-secret/private/linux-64", "private"],
    ["https://user:secret@conda.example/conda-forge?token=secret", "conda-forge"],
    ["pkgs/main", "main"],
  ])("channel %s", (channel, name) => {
    const facts = extract(path, JSON.stringify({ ...record, channel, fn: "zlib-1.2.13-h5eee18b_0.conda" }));
    expect(purls(facts)).toEqual([`pkg:conda/zlib@1.2.13?build=h5eee18b_0&channel=${name}&subdir=linux-64&type=conda`]);
    expect(facts.packages?.[0]?.licenses).toEqual(["Zlib"]);
    expect(JSON.stringify(facts)).not.toContain("secret");
  });

  it("without a version it is broken", () => {
    expect(extract(path, '{"name":"zlib"}')).toMatchObject({ partial: broken });
  });
});

describe("dart", () => {
  it("reads the pub cache where directory and pubspec agree", () => {
    const directory = "root/.pub-cache/hosted/pub.dev/args-2.4.0+1";
    const pubspec = "name: args # the name\ndescription: |\n  version: 9.9.9\nversion: '2.4.0+1'\n";
    expect(purls(extract(`${directory}/pubspec.yaml`, pubspec))).toEqual(["pkg:pub/args@2.4.0%2B1"]);
    expect(extract("c/hosted/pub.dev/other-1.0.0/pubspec.yaml", pubspec)).toMatchObject({ partial: broken });
  });

  it("reads what an application runs with", () => {
    const packages = [
      { name: "args", rootUri: "file:///root/.pub-cache/hosted/pub.dev/args-2.4.0%2B1", packageUri: "lib/" },
      { name: "async", rootUri: "file:///root/.pub-cache/hosted/pub.dartlang.org/async-2.11.0/" },
      { name: "own", rootUri: "../" },
      { name: "from_git", rootUri: "file:///root/.pub-cache/git/from_git-0a1b2c/" },
    ];
    const facts = extract("app/.dart_tool/package_config.json", JSON.stringify({ configVersion: 2, packages }));
    expect(purls(facts)).toEqual(["pkg:pub/args@2.4.0%2B1", "pkg:pub/async@2.11.0"]);
  });
});

describe("elixir-otp", () => {
  const app = (name: string, properties: string): string =>
    `%% {application, fake, [{vsn, "0"}]}.\n{application, ${name},\n [${properties}]}.\n`;

  it.each([
    ["cowboy", '{description, "a {vsn, \\"9\\"} server"}, {vsn, "2.9.0"}, {licenses,["ISC"]}', "pkg:hex/cowboy@2.9.0"],
    ["'Elixir.X'", '{vsn,"1.0"}', undefined],
    ["ssl", '{modules,[ssl,{vsn,"3"}]},{vsn,"11.1"},{env,[{k,[{vsn,"4"}]}]}', "pkg:otp/ssl@11.1"],
    ["phoenix", '{vsn,"1.7.0-rc.0"}, {applications,[kernel,stdlib]}', "pkg:hex/phoenix@1.7.0-rc.0"],
    ["a", '{vsn, "%VSN%"}', undefined],
    ["a", "{vsn, git}", undefined],
  ])("%s %s", (name, properties, purl) => {
    const facts = extract(`lib/x/ebin/x.app`, app(name, properties));
    if (purl === undefined) expect(facts).toMatchObject({ partial: broken });
    else expect(purls(facts)).toEqual([purl]);
  });

  it("reads licences", () => {
    const text = app("cowboy", '{vsn, "2.9.0"}, {licenses,["ISC", "MIT"]}, {links,[{"a","b"}]}');
    expect(found("ebin/cowboy.app", text)?.licenses).toEqual(["ISC", "MIT"]);
  });
});

describe("r", () => {
  const description = "Package: boot\nVersion: 1.3-28.1\nTitle: x\n Version: 9\nLicense: MIT + file LICENSE\n";

  it("lists what was built, not sources", () => {
    const built = `${description}Built: R 4.2.2; ; 2022-11-23 01:03:37 UTC; unix\n`;
    expect(found("usr/lib/R/library/boot/DESCRIPTION", built)).toEqual({
      type: "cran",
      name: "boot",
      version: "1.3-28.1",
      licenses: ["MIT + file LICENSE"],
    });
    expect(found("src/boot/x/DESCRIPTION", description)).toBeUndefined();
    expect(extract("l/b/DESCRIPTION", "Built: R\nPackage: b\n")).toMatchObject({ partial: broken });
  });
});

describe("perl", () => {
  const directory = "usr/local/lib/perl5/x86_64-linux/.meta/HTTP-Tiny-0.076";

  it("reads what cpanm leaves, with author and licence", () => {
    const install = {
      name: "HTTP::Tiny",
      version: "0.076",
      dist: "HTTP-Tiny-0.076",
      pathname: "D/DA/DAGOLDEN/x.tar.gz",
    };
    const companions = { [`${directory}/MYMETA.json`]: '{"license":["perl_5","unknown"]}' };
    const facts = extract(`${directory}/install.json`, JSON.stringify(install), companions);
    expect(purls(facts)).toEqual(["pkg:cpan/DAGOLDEN/HTTP-Tiny@0.076"]);
    expect(facts.packages?.[0]?.licenses).toEqual(["perl_5"]);
    expect(perl.companions?.(`${directory}/install.json`)).toEqual(Object.keys(companions));
    expect(extract(`${directory}/MYMETA.json`, "{")).toEqual({});
  });

  it.each([
    ["Mojolicious-9.31", "9.31", "pkg:cpan/Mojolicious@9.31"],
    ["perl-ldap-v0.68-TRIAL", "0.68", "pkg:cpan/perl-ldap@v0.68-TRIAL"],
    ["DBD-Pg-3", "3.16", "pkg:cpan/DBD-Pg@3"],
  ])("distribution %s of module version %s", (dist, version, purl) => {
    expect(purls(extract("x/.meta/a/install.json", JSON.stringify({ dist, version })))).toEqual([purl]);
  });

  it("reads the journal: the last installation of each module", () => {
    const entry = (name: string, version: string): string =>
      `=head2 Sat Mar  5 12:00:00 2022: C<Module> L<${name}|${name}>\n\n=over 4\n\n=item *\n\nC<installed into: /usr/local>\n\n=item *\n\nC<VERSION: ${version}>\n\n=back\n\n`;
    const facts = extract(
      "p/perllocal.pod",
      entry("HTTP::Tiny", "0.07") + entry("DBI", "1.6") + entry("HTTP::Tiny", "0.08"),
    );
    expect(purls(facts)).toEqual(["pkg:cpan/HTTP-Tiny@0.08", "pkg:cpan/DBI@1.6"]);
    expect(extract("p/perllocal.pod", entry("A", "undef"))).toMatchObject({ packages: [], partial: broken });
  });
});

describe("python-egg", () => {
  const metadata = "Metadata-Version: 1.1\nName: monotonic\nVersion: 1.6\nLicense: Apache\n";

  it("reads eggs as archives and as directories", () => {
    const egg = buildZip([
      { name: "monotonic.py", content: "" },
      { name: "EGG-INFO/PKG-INFO", content: metadata },
    ]);
    const expected = { type: "pypi", name: "monotonic", version: "1.6", licenses: ["Apache"] };
    expect(extract("l/monotonic-1.6-py3.10.egg", egg).packages).toEqual([{ ...expected, within: "EGG-INFO/PKG-INFO" }]);
    expect(extract("l/monotonic-1.6-py3.10.egg/EGG-INFO/PKG-INFO", metadata).packages).toEqual([expected]);
  });

  it("tells of those that it cannot read", () => {
    const reasons = (content: Buffer): unknown => extract("a.egg", content).partial?.map(({ reason }) => reason);
    expect(reasons(buildZip([]))).toEqual(["broken-record"]);
    expect(reasons(Buffer.from("text"))).toEqual(["broken-archive"]);
    const bomb = { name: "EGG-INFO/PKG-INFO", content: Buffer.alloc(2 * 1024 * 1024) };
    expect(reasons(buildZip([bomb]))).toEqual(["archiveRatio"]);
  });
});

describe.skipIf(sharedData === undefined)("real files (needs the shared data beside the checkout)", () => {
  const lang = `${sharedData}images/lang/`;

  it("an application's deps.json: what is its own, or not there at run time, is left out", () => {
    expect(purls(extract("app/a.deps.json", readFileSync(`${lang}dotnet/TestLibrary.deps.json`)))).toEqual([
      "pkg:nuget/AWSSDK.Core@3.7.10.6",
      "pkg:nuget/Microsoft.Extensions.DependencyInjection@6.0.0",
      "pkg:nuget/Microsoft.Extensions.DependencyInjection.Abstractions@6.0.0",
      "pkg:nuget/Microsoft.Extensions.Logging@6.0.0",
      "pkg:nuget/Microsoft.Extensions.Logging.Abstractions@6.0.0",
      "pkg:nuget/Microsoft.Extensions.Options@6.0.0",
      "pkg:nuget/Microsoft.Extensions.Primitives@6.0.0",
      "pkg:nuget/Newtonsoft.Json@13.0.1",
      "pkg:nuget/Serilog@2.10.0",
      "pkg:nuget/Serilog.Sinks.Console@4.0.1",
    ]);
  });

  it("an installed.json and eggs", () => {
    expect(purls(extract("vendor/composer/installed.json", readFileSync(`${lang}php/installed.json`)))).toEqual([
      "pkg:composer/guzzlehttp/psr7@1.8.3",
      "pkg:composer/psr/http-message@1.1",
      "pkg:composer/ralouphie/getallheaders@3.0.3",
    ]);
    const eggs = ["kitchen-1.2.6-py2.7", "scalibr-wheelegg/monotonic-1.6-py3.10"];
    expect(eggs.flatMap((egg) => purls(extract(`l/${egg}.egg`, readFileSync(`${lang}python/${egg}.egg`))))).toEqual([
      "pkg:pypi/kitchen@1.2.6",
      "pkg:pypi/monotonic@1.6",
    ]);
    const empty = readFileSync(`${lang}python/scalibr-wheelegg/monotonic_no_pkginfo-1.6-py3.10.egg`);
    expect(extract("l/monotonic_no_pkginfo-1.6-py3.10.egg", empty)).toMatchObject({ partial: broken });
  });
});

describe("damage", () => {
  const samples: readonly (readonly [Extractor, string, string])[] = [
    [
      dotnet,
      "a.deps.json",
      '{"libraries":{"A/1.0.0":{"type":"package"}},"targets":{"t":{"A/1.0.0":{"runtime":{"a":{}}}}}}',
    ],
    [rubyGems, "specifications/a.gemspec", '# stub: a 1.0 ruby lib\ns.name = "a"\ns.licenses = ["MIT"]\n'],
    [phpComposer, "composer/installed.json", '{"packages":[{"name":"a/b","version":"1","license":["MIT"]}]}'],
    [conda, "conda-meta/a-1-0.json", '{"name":"a","version":"1","channel":"https://x/y/linux-64","subdir":"linux-64"}'],
    [
      dart,
      ".dart_tool/package_config.json",
      '{"packages":[{"name":"a","rootUri":"file:///h/hosted/pub.dev/a-1.0.0"}]}',
    ],
    [dart, "hosted/pub.dev/a-1.0.0/pubspec.yaml", "name: a\nversion: 1.0.0\n"],
    [elixirOtp, "ebin/a.app", '{application, a, [{vsn, "1.0"}, {licenses, ["x"]}, {mod, {\'a b\', []}}]}.\n'],
    [r, "l/a/DESCRIPTION", "Package: a\nVersion: 1.0\nBuilt: R 4\n"],
    [phpPear, ".registry/a.reg", 'a:2:{s:4:"name";s:1:"a";s:7:"version";s:3:"1.0";}'],
    [perl, "p/perllocal.pod", "=head2 x: C<Module> L<A::B|A::B>\nC<VERSION: 1.0>\n"],
    [perl, ".meta/a/install.json", '{"dist":"A-1.0","version":"1.0","pathname":"A/AB/ABC/A-1.0.tar.gz"}'],
  ];

  it("ends in packages with a name and version, or in an error the caller tells of", () => {
    const change = fc.tuple(
      fc.nat(200),
      fc.nat(3),
      fc.constantFrom("", '"', "{", "[", "\u0000", "\\", "\n", "é", "-", "9"),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(change, { maxLength: 5 }),
        ([extractor, path, text], changes) => {
          let damaged = text;
          for (const [at, length, instead] of changes)
            damaged = damaged.slice(0, at) + instead + damaged.slice(at + length);
          let facts: Facts = {};
          try {
            facts = extractor.extract({
              path,
              content: Buffer.from(damaged),
              companions: new Map(),
              isLanguageEvidence: () => true,
            });
          } catch (thrown) {
            expect(thrown).toMatchObject({ code: "broken-document" });
          }
          for (const { name, version } of facts.packages ?? []) {
            expect(name).toMatch(/^\S+$/);
            expect(version).toMatch(/^\S+$/);
          }
          if (changes.length === 0) expect(facts.packages).toHaveLength(1);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it.each([
    ["ebin/a.app", '{application, a, [{vsn, "1"}'],
    ["ebin/a.app", '"\\'],
    ["ebin/a.app", "'"],
    ["ebin/a.app", "%"],
    ["specifications/a.gemspec", "s.licenses = ["],
    ["specifications/a.gemspec", " s.name"],
    [".registry/a.reg", "a:1:{i:0;"],
    [".registry/a.reg", "i:1"],
    ["p/perllocal.pod", "=head2 C<Module> "],
    ["vendor/composer/installed.json", '[{"name":"a-a-a-'],
  ])("%s of a megabyte of %j takes no time", (path, piece) => {
    const content = piece.repeat((1024 * 1024) / piece.length);
    const started = performance.now();
    try {
      extract(path, content);
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: "broken-document" });
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
