/** What every command has that asks a running platform, here or on AWS. */
import { type Command, Option } from "commander";
import type { ClientOptions } from "../client.ts";

export interface OutputOptions extends ClientOptions {
  readonly format: "table" | "json";
}

/** Adds what every command of this kind takes. */
export function platformOptions(command: Command): Command {
  return command
    .option("--data <dir>", "data directory of the platform on this machine", ".portwarden")
    .option("--url <url>", "address of a platform elsewhere (or PORTWARDEN_URL)")
    .option("--token <token>", "its token (or PORTWARDEN_TOKEN)")
    .addOption(new Option("--format <format>", "what to print").choices(["table", "json"]).default("table"));
}

/** Prints an answer as it was asked for. */
export const print = (options: OutputOptions, value: unknown, text: () => string): void => {
  console.log(options.format === "json" ? JSON.stringify(value, undefined, 2) : text());
};

export interface ListOptions extends OutputOptions {
  readonly limit: string;
  readonly cursor?: string;
  readonly repository?: string;
}

/** How to get the next page. */
export const more = (next: string | undefined) => (next === undefined ? "" : `\n\nmore: --cursor ${next}`);
