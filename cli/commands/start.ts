import type { Command } from "commander";
import { UsageError } from "../exit.ts";

interface StartOptions {
  readonly data: string;
  readonly config?: string;
  readonly host: string;
  readonly port: string;
}

export function registerStart(program: Command): void {
  program
    .command("start")
    .description("Run the whole platform on this machine: webhooks in, findings and messages out")
    .option("--data <dir>", "where everything is kept", ".portwarden")
    .option("--config <file>", "settings (default: portwarden.yaml in the data directory)")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port to listen on; 0 picks a free one", "7310")
    .addHelpText(
      "after",
      `
Environment (for a start without a settings file):
  PORTWARDEN_SLACK_WEBHOOK_URL   post every scan's news to this Slack incoming webhook
  PORTWARDEN_MAIL_TO             mail it to these addresses (comma-separated)
  PORTWARDEN_MAIL_FROM           sender of the mails
  PORTWARDEN_SMTP_URL            smtp://user:password@host:port of the mail server
  PORTWARDEN_LOG                 debug, info, warn or error`,
    )
    .action(async (options: StartOptions) => {
      const port = Number(options.port);
      if (!Number.isInteger(port) || port < 0 || port > 65_535)
        throw new UsageError(`--port ${options.port} is not a port`);
      const { start } = await import("../../local/start.ts");
      await start({ ...options, port, environment: process.env });
    });
}
