import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import * as schemas from "../../shared/api/schemas.ts";
import { messageOf } from "../../shared/platform/errors.ts";
import { connect } from "../client.ts";
import { paint } from "../terminal.ts";

interface RematchOptions {
  readonly data: string;
  readonly url?: string;
  readonly token?: string;
  readonly everything?: true;
  readonly all?: true;
}

const path = "/v1/advisories/rematch";

export function registerRematch(advisories: Command): void {
  advisories
    .command("rematch")
    .description(
      "Have the running platform match images again, from their stored inventories, where advisories changed",
    )
    .option("--everything", "every image in a registry or running, whatever changed")
    .option("--all", "every image, also those that left the registry and run nowhere")
    .option("--data <dir>", "the data directory of a platform on this machine", ".portwarden")
    .option("--url <url>", "the address of a platform")
    .option("--token <token>", "its token")
    .action(async (options: RematchOptions) => {
      const everything = options.everything === true || options.all === true;
      const body = { everything, all: options.all === true };
      await connect(options).post(path, schemas.rematchAccepted, body);
      console.log(everything ? "all images are matched again" : "images are matched again where advisories changed");
    });
}

/** The platform of this data directory, when it runs, looks at once what the new set changes; else when it starts. */
export async function tellPlatform(data: string): Promise<void> {
  if (!existsSync(join(data, "server.json"))) return;
  try {
    await connect({ data }).post(path, schemas.rematchAccepted, {});
    console.log("the platform matches images again where advisories changed");
  } catch (error) {
    // It may have ended without taking its file along.
    console.error(paint("yellow", `the platform was not told, and looks within hours: ${messageOf(error)}`));
  }
}
