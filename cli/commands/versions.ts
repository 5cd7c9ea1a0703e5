import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { UsageError } from "../exit.ts";
import { table } from "../terminal.ts";

export function registerVersions(program: Command): void {
  const versions = program.command("versions").description("The order of versions that matching goes by");
  versions
    .command("compare")
    .description("Print <, = or >: how two versions are ordered")
    .argument("<scheme>", "whose order, by scheme or OSV ecosystem: `portwarden versions list` names them")
    .argument("<a>", "a version, or - for pairs from standard input")
    .argument("[b]", "the other version")
    .addHelpText(
      "after",
      `
With -, every line of standard input is two versions with a tab between them, and every line of output <, =, > or, for
a version that cannot be read, ? with a tab and the reason. A version that begins with a hyphen goes after --.

Examples:
  portwarden versions compare deb 1.2-3~deb12u1 1.2-3
  portwarden versions compare maven - < pairs.tsv

Exit codes: 0 compared, 2 a version cannot be read (not with -), or no such scheme.`,
    )
    .action(async (name: string, a: string, b: string | undefined) => {
      const { compareVersions, versionScheme } = await import("../../shared/versions/compare.ts");
      const { judgePairs, orderSign } = await import("../version-pairs.ts");
      const scheme = versionScheme(name);
      if (b !== undefined) {
        console.log(orderSign(compareVersions(name, a, b)));
      } else if (a === "-") {
        await pipeline(process.stdin, (input: AsyncIterable<Buffer>) => judgePairs(scheme, input), process.stdout, {
          end: false,
        });
      } else {
        throw new UsageError("two versions are compared, or - for pairs from standard input");
      }
    });
  versions
    .command("list")
    .description("The schemes, and the ecosystems whose versions they order")
    .action(async () => {
      const { schemeNames, versionScheme } = await import("../../shared/versions/compare.ts");
      console.log(
        table(schemeNames, [
          { title: "SCHEME", value: (name) => name },
          { title: "ECOSYSTEMS", value: (name) => versionScheme(name).ecosystems.join(", "), width: 100 },
        ]),
      );
    });
}
