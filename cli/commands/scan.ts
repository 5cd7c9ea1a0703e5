import { type Command, Option } from "commander";
import { type Severity, severities } from "../../shared/findings/types.ts";
import { productVersion } from "../../shared/platform/version.ts";
import { reaches, type ScanDocument, scanDocument } from "../../shared/scanning/document.ts";
import type { Inspection } from "../../shared/scanning/inspect.ts";
import { exitCodes } from "../exit.ts";
import { imageNames } from "../image-names.ts";
import { writeOutput } from "../output.ts";

interface ScanOptions {
  readonly format: "table" | "json" | "sarif" | "cyclonedx";
  readonly output?: string;
  readonly severity?: Severity;
  readonly failOn?: Severity;
  readonly ignoreUnfixed?: boolean;
  readonly comprehensive?: boolean;
  readonly platform?: string;
  readonly advisories?: string;
  readonly vex?: readonly string[];
  readonly data: string;
  readonly config?: string;
}

export function registerScan(program: Command): void {
  program
    .command("scan")
    .description("Scan an image, with no platform running")
    .argument("<image>", "what to scan")
    .addOption(
      new Option("--format <format>", "what to print")
        .choices(["table", "json", "sarif", "cyclonedx"])
        .default("table"),
    )
    .option("--output <file>", "write there instead of standard output")
    .addOption(new Option("--severity <severity>", "list only what is at least this bad").choices(severities))
    .addOption(
      new Option("--fail-on <severity>", "exit 1 when something at least this bad is listed").choices(severities),
    )
    .option("--ignore-unfixed", "list only what has a fix")
    .option(
      "--comprehensive",
      "count what is listed and set aside: kernel headers, parts of the distribution's packages, what it calls unimportant",
    )
    .option(
      "--platform <os/arch>",
      "which image of an index; all scans them all (default: linux on this machine's architecture)",
    )
    .option("--advisories <dir>", "use these advisories: a directory of advisory files, or a data directory")
    .option(
      "--vex <file>",
      "believe these VEX documents: OpenVEX, CycloneDX or CSAF, a file or a directory; may be repeated",
      (file: string, before: readonly string[]) => [...before, file],
      [],
    )
    .option("--data <dir>", "data directory: advisory store and what was read before", ".portwarden")
    .option("--config <file>", "settings (default: portwarden.yaml in the data directory)")
    .addHelpText(
      "after",
      `${imageNames}

Exit codes: 0 done, 1 --fail-on reached, 2 bad usage or input, 3 could not complete (also when the scan is partial
or there are no advisories: silence is never a pass).`,
    )
    .action(async (image: string, options: ScanOptions) => {
      const { scanLocally } = await import("../scan-locally.ts");
      const scanned = await scanLocally(image, options);
      const document = scanDocument({
        ...scanned,
        version: productVersion,
        scannedAt: new Date().toISOString(),
        filter: {
          ignoreUnfixed: options.ignoreUnfixed === true,
          comprehensive: options.comprehensive === true,
          ...(options.severity === undefined ? {} : { severity: options.severity }),
        },
      });
      writeOutput(await render(document, scanned.inspections, options.format), options.output);
      if (options.output !== undefined && document.status === "partial")
        console.error("portwarden: the scan is partial; the document says what is missing");
      process.exitCode = verdict(document, options.failOn);
    });
}

function verdict(document: ScanDocument, failOn: Severity | undefined): number {
  if (failOn !== undefined && reaches(document, failOn)) return exitCodes.failOn;
  return document.status === "complete" ? exitCodes.done : exitCodes.incomplete;
}

async function render(
  document: ScanDocument,
  inspections: readonly Inspection[],
  format: ScanOptions["format"],
): Promise<string> {
  switch (format) {
    case "table":
      return (await import("../formats/table.ts")).formatTable(document);
    case "json":
      return JSON.stringify(document, undefined, 2);
    case "sarif":
      return JSON.stringify((await import("../formats/sarif.ts")).formatSarif(document), undefined, 2);
    case "cyclonedx":
      return JSON.stringify(
        (await import("../formats/cyclonedx.ts")).formatCycloneDx(document, inspections),
        undefined,
        2,
      );
  }
}
