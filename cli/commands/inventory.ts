import { type Command, Option } from "commander";
import type { Inventory } from "../../shared/inventory/types.ts";
import { productVersion } from "../../shared/platform/version.ts";
import { exitCodes, UsageError } from "../exit.ts";
import { imageNames } from "../image-names.ts";
import { writeOutput } from "../output.ts";

interface CommonOptions {
  readonly output?: string;
  readonly platform?: string;
  readonly data: string;
  readonly config?: string;
}

interface InventoryOptions extends CommonOptions {
  readonly format: "table" | "json" | "cyclonedx" | "spdx";
}

interface DiffOptions extends CommonOptions {
  readonly format: "table" | "json";
}

export function registerInventory(program: Command): void {
  // Both `inventory` and `inventory diff` have a `--format`: what follows a command belongs to that command alone.
  const inventory = program
    .enablePositionalOptions()
    .command("inventory")
    .description("List what is inside an image")
    .enablePositionalOptions()
    .argument("<image>", "what to read")
    .addOption(
      new Option("--format <format>", "what to print").choices(["table", "json", "cyclonedx", "spdx"]).default("table"),
    );
  withCommonOptions(inventory)
    .addHelpText(
      "after",
      `${imageNames}

Exit codes: 0 done, 2 bad usage or input, 3 could not complete (also when something in the image could not be read).`,
    )
    .action(async (image: string, options: InventoryOptions) => {
      const inventories = await read(image, options);
      writeOutput(await render(inventories, options.format), options.output);
      finish(inventories);
    });
  registerDiff(inventory);
}

function registerDiff(inventory: Command): void {
  const diff = inventory
    .command("diff")
    .description("What differs between two images: packages added, removed and changed, and the steps that did it")
    .argument("<from>", "the image to compare with")
    .argument("<to>", "the image that is compared")
    .addOption(new Option("--format <format>", "what to print").choices(["table", "json"]).default("table"));
  withCommonOptions(diff)
    .addHelpText(
      "after",
      `${imageNames}

Exit codes: 0 done, whether or not the images differ; 2 bad usage or input; 3 could not complete (also when something in
one of the images could not be read: then packages may seem added or removed that are not).`,
    )
    .action(async (from: string, to: string, options: DiffOptions) => {
      const { diffInventories } = await import("../../shared/inventory/diff.ts");
      const before = one(await read(from, options), from);
      const after = one(await read(to, options), to);
      const difference = diffInventories(before, after);
      const text =
        options.format === "json"
          ? JSON.stringify(difference, undefined, 2)
          : (await import("../formats/inventory-diff.ts")).formatInventoryDiff(difference);
      writeOutput(text, options.output);
      finish([before, after]);
    });
  diff.exitOverride();
}

function withCommonOptions(command: Command): Command {
  return command
    .option("--output <file>", "write there instead of standard output")
    .option("--platform <os/arch>", "which image of an index (default: linux on this machine's architecture)")
    .option("--data <dir>", "data directory: what was read before", ".portwarden")
    .option("--config <file>", "settings (default: portwarden.yaml in the data directory)");
}

async function read(image: string, options: CommonOptions): Promise<readonly Inventory[]> {
  const { inventoryLocally } = await import("../inventory-locally.ts");
  return inventoryLocally(image, options);
}

function finish(inventories: readonly Inventory[]): void {
  const partial = inventories.some((inventory) => inventory.partial.length > 0);
  process.exitCode = partial ? exitCodes.incomplete : exitCodes.done;
}

function one([inventory, ...others]: readonly Inventory[], name: string): Inventory {
  if (inventory === undefined || others.length > 0) {
    throw new UsageError(`${name} has several images: choose one with --platform`);
  }
  return inventory;
}

async function render(inventories: readonly Inventory[], format: InventoryOptions["format"]): Promise<string> {
  if (format === "table") {
    const { formatInventory } = await import("../formats/inventory.ts");
    return inventories.map(formatInventory).join("\n\n");
  }
  const [inventory, ...others] = inventories;
  if (inventory === undefined || others.length > 0) {
    throw new UsageError("this format describes one image: choose one with --platform");
  }
  return JSON.stringify(await documentOf(inventory, format), undefined, 2);
}

async function documentOf(inventory: Inventory, format: "json" | "cyclonedx" | "spdx"): Promise<object> {
  switch (format) {
    case "json":
      return inventory;
    case "cyclonedx":
      return (await import("../../shared/inventory/cyclonedx.ts")).toCycloneDx(inventory, productVersion);
    case "spdx":
      return (await import("../../shared/inventory/spdx.ts")).toSpdx(inventory, productVersion);
  }
}
