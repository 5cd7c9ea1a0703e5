import { Command } from "commander";
import { productVersion } from "../shared/platform/version.ts";
import { exitCodes, report } from "./exit.ts";

const program = new Command("portwarden")
  .description("Container security: what is inside images, what of it is vulnerable, and what changed.")
  .version(productVersion)
  .exitOverride()
  .showHelpAfterError("(--help shows the options)")
  .addHelpText(
    "after",
    `
Exit codes: 0 done, 1 --fail-on reached, 2 bad usage or input, 3 could not complete.

Examples:
  portwarden start                                    run the platform on this machine
  portwarden scan alpine:3.20 --fail-on high          scan an image, fail a pipeline
  portwarden scan oci-archive:app.tar --format sarif --output app.sarif
  portwarden findings list --severity high            ask the running platform`,
  );

// Each command loads what it needs when it runs: --help and a scan stay quick.
const { registerScan } = await import("./commands/scan.ts");
const { registerInventory } = await import("./commands/inventory.ts");
const { registerAdvisories } = await import("./commands/advisories.ts");
const { registerStart } = await import("./commands/start.ts");
const { registerPlatform } = await import("./commands/platform.ts");
for (const register of [registerStart, registerScan, registerInventory, registerAdvisories, registerPlatform]) {
  register(program);
}
for (const command of program.commands) command.exitOverride();

try {
  if (process.argv.length <= 2) {
    program.outputHelp();
    process.exitCode = exitCodes.usage;
  } else {
    await program.parseAsync();
  }
} catch (error) {
  process.exitCode = report(error);
}
