/** Our order against the `NuGetVersion` of a .NET SDK. */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "vitest";
import { nugetVersions } from "../shared/versions/schemes/generators.ts";
import { askInBulk, expectAgreement, nastyPairs, realVersions } from "../support/version-pairs.ts";

interface Sdk {
  /** With the compiler and NuGet's libraries. */
  readonly folder: string;
  readonly runtime: { readonly folder: string; readonly version: string };
}

/** The SDK that `dotnet` runs, or none. */
function installedSdk(): Sdk | undefined {
  const { status, stdout } = spawnSync("dotnet", ["--list-sdks"], { encoding: "utf8" });
  const [, version, sdks] = (status === 0 && /^(\S+) \[([^\]]+)\]$/m.exec(stdout)) || [];
  if (version === undefined || sdks === undefined) return undefined;
  const runtimes = join(dirname(sdks), "shared/Microsoft.NETCore.App");
  // The runtime of the SDK's own generation.
  const runtime = readdirSync(runtimes).find((name) => name.split(".")[0] === version.split(".")[0]);
  const folder = join(sdks, version);
  if (runtime === undefined || !existsSync(join(folder, "NuGet.Versioning.dll"))) return undefined;
  return { folder, runtime: { folder: join(runtimes, runtime), version: runtime } };
}

const program = `
using System;
using System.IO;
using System.Text;
using NuGet.Versioning;
static class Compare {
  static void Main() {
    var utf8 = new UTF8Encoding(false);
    var input = new StreamReader(Console.OpenStandardInput(), utf8);
    var output = new StreamWriter(Console.OpenStandardOutput(), utf8);
    string line;
    while ((line = input.ReadLine()) != null) {
      var pair = line.Split('\\t');
      var order = NuGetVersion.TryParse(pair[0], out var a) && NuGetVersion.TryParse(pair[1], out var b)
        ? a.CompareTo(b) : (int?)null;
      output.WriteLine(order == null ? "?" : order < 0 ? "<" : order > 0 ? ">" : "=");
    }
    output.Flush();
  }
}`;

/** Compiles the program beside NuGet's library; gives what `dotnet` is to run. */
function compiled({ folder, runtime }: Sdk, directory: string): string {
  const assembly = join(directory, "Compare.dll");
  const source = join(directory, "Compare.cs");
  const library = join(directory, "NuGet.Versioning.dll");
  const framework = { name: "Microsoft.NETCore.App", version: runtime.version };
  copyFileSync(join(folder, "NuGet.Versioning.dll"), library);
  writeFileSync(source, program);
  writeFileSync(join(directory, "Compare.runtimeconfig.json"), JSON.stringify({ runtimeOptions: { framework } }));
  const own = readdirSync(runtime.folder).filter((name) => /^(?:System\.(?!.*Native)|netstandard).*\.dll$/.test(name));
  const references = [...own.map((name) => join(runtime.folder, name)), library].map((path) => `-r:${path}`);
  const compiler = join(folder, "Roslyn/bincore/csc.dll");
  execFileSync("dotnet", ["exec", compiler, "-nologo", "-nostdlib", ...references, `-out:${assembly}`, source]);
  return assembly;
}

const sdk = installedSdk();

describe.skipIf(sdk === undefined)("nuget, against NuGetVersion (skipped where there is no .NET SDK)", () => {
  test("no disagreement", () => {
    // No white space beyond ASCII's, which NuGet reads since version 6.
    const labels = "alpha Beta RC -rc.1 - -- -1 -01 -0 .-5 +meta + a B z v _";
    const other = "2147483647 2147483648 -2147483649 0000000000000000001 é １ *";
    const pieces = [" ", ...`${labels} ${other}`.split(" ")];
    const pairs = nastyPairs(nugetVersions, realVersions("nuget.ndjson.zst"), pieces);
    const directory = mkdtempSync(join(tmpdir(), "nuget-order-"));
    try {
      if (sdk === undefined) throw new Error("no SDK");
      const verdicts = askInBulk("dotnet", ["exec", compiled(sdk, directory)], pairs);
      expectAgreement("nuget", pairs, verdicts);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
