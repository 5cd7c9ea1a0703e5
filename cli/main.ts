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

type Register = (program: Command) => void;
const commands: Readonly<Record<string, () => Promise<Register>>> = {
  start: async () => (await import("./commands/start.ts")).registerStart,
  scan: async () => (await import("./commands/scan.ts")).registerScan,
  inventory: async () => (await import("./commands/inventory.ts")).registerInventory,
  advisories: async () => (await import("./commands/advisories.ts")).registerAdvisories,
  versions: async () => (await import("./commands/versions.ts")).registerVersions,
  findings: async () => (await import("./commands/findings.ts")).registerFindings,
  images: async () => (await import("./commands/images.ts")).registerImages,
  deliveries: async () => (await import("./commands/deliveries.ts")).registerDeliveries,
  queues: async () => (await import("./commands/queues.ts")).registerQueues,
};
// A command that is named loads only itself, and what it needs when it runs; help, and what nobody knows, need all.
const meant = Object.hasOwn(commands, process.argv[2] ?? "") ? [process.argv[2] ?? ""] : Object.keys(commands);
for (const name of meant) (await commands[name]?.())?.(program);

// An exit code of 1 says that --fail-on was reached: what nobody caught must not end with it.
process.once("uncaughtException", (error) => process.exit(report(error)));
// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? process.exitCode : report(error)),
);

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
