import { type Command, Option } from "commander";
import type { Inventory } from "../../shared/inventory/types.ts";
import { productVersion } from "../../shared/platform/version.ts";
import { exitCodes, UsageError } from "../exit.ts";
import { writeOutput } from "../output.ts";
import { clean, paint, table } from "../terminal.ts";
import { imageNames } from "./scan.ts";

interface InventoryOptions {
  readonly format: "table" | "json" | "cyclonedx";
  readonly output?: string;
  readonly platform?: string;
  readonly data: string;
  readonly config?: string;
}

export function registerInventory(program: Command): void {
  program
    .command("inventory")
    .description("List what is inside an image")
    .argument("<image>", "what to read")
    .addOption(
      new Option("--format <format>", "what to print").choices(["table", "json", "cyclonedx"]).default("table"),
    )
    .option("--output <file>", "write there instead of standard output")
    .option("--platform <os/arch>", "which image of an index (default: linux on this machine's architecture)")
    .option("--data <dir>", "data directory: what was read before", ".portwarden")
    .option("--config <file>", "settings (default: portwarden.yaml in the data directory)")
    .addHelpText("after", imageNames)
    .action(async (image: string, options: InventoryOptions) => {
      const { inventoryLocally } = await import("../scan-locally.ts");
      const inventories = await inventoryLocally(image, options);
      writeOutput(await render(inventories, options.format), options.output);
      const partial = inventories.some((inventory) => inventory.partial.length > 0);
      process.exitCode = partial ? exitCodes.incomplete : exitCodes.done;
    });
}

async function render(inventories: readonly Inventory[], format: InventoryOptions["format"]): Promise<string> {
  if (format === "table") return inventories.map(inventoryTable).join("\n\n");
  const [inventory, ...others] = inventories;
  if (inventory === undefined || others.length > 0) {
    throw new UsageError("this format describes one image: choose one with --platform");
  }
  if (format === "json") return JSON.stringify(inventory, undefined, 2);
  const { toCycloneDx } = await import("../../shared/inventory/cyclonedx.ts");
  return JSON.stringify(toCycloneDx(inventory, productVersion), undefined, 2);
}

function inventoryTable(inventory: Inventory): string {
  const layers = new Map(inventory.layers.map(({ diffId }, index) => [diffId, index + 1]));
  const { distribution, platform } = inventory;
  const head = [
    `${platform.os}/${platform.architecture}`,
    distribution === undefined ? "no distribution" : `${distribution.id} ${distribution.versionId ?? ""}`.trim(),
    `${inventory.layers.length} layers`,
    `${inventory.packages.length} packages`,
  ].join(", ");
  const rows = table(inventory.packages, [
    { title: "TYPE", value: ({ type }) => type },
    { title: "PACKAGE", value: ({ name }) => name, width: 50 },
    { title: "VERSION", value: ({ version }) => version, width: 40 },
    { title: "LAYER", value: ({ locations }) => String(layers.get(locations[0]?.layer ?? "") ?? "-") },
    { title: "PATH", value: ({ locations }) => locations[0]?.path ?? "-", width: 80 },
  ]);
  const partial = inventory.partial.map(({ reason, detail, path }) =>
    paint("yellow", clean(`partial: ${reason}: ${detail} ${path ?? ""}`)),
  );
  return [clean(head), inventory.digest, "", rows, ...partial].join("\n");
}
