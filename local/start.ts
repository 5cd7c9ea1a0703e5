import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { styleText } from "node:util";
import { consoleLog } from "../shared/platform/embedded/log.ts";
import { type EmbeddedSecrets, embeddedSecrets } from "../shared/platform/embedded/secrets.ts";
import { PermanentError } from "../shared/platform/errors.ts";
import { productVersion } from "../shared/platform/version.ts";
import { startHost } from "./host.ts";
import { localPorts } from "./ports.ts";
import { readLocalSettings } from "./settings.ts";
import { localToken, tokenPath } from "./token.ts";

export interface StartOptions {
  readonly data: string;
  readonly config?: string;
  readonly host: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Runs the platform until SIGTERM or SIGINT; prints where it listens and how to point a registry at it. */
export async function start(options: StartOptions): Promise<void> {
  const dataDirectory = resolve(options.data);
  const local = readLocalSettings(dataDirectory, options.environment, options.config);
  const { token, created } = localToken(dataDirectory);
  const log = consoleLog({ level: local.logLevel });
  const secrets = embeddedSecrets(dataDirectory, local.secrets);
  const webhookSecret = await distributionSecret(secrets);
  const ports = localPorts({ ...local, log, secrets });
  const host = await startHost({ dataDirectory, host: options.host, port: options.port, token, ports });
  printWelcome({
    ...options,
    url: host.url,
    dataDirectory,
    webhookSecret,
    file: local.file,
    routes: local.settings.notifications.routes.map(({ name }) => name),
    token: created ? token : undefined,
  });
  await untilSignalled();
  log.info("stopping: finishing what is in hand");
  await host.stop();
  log.info("stopped");
  process.exit(0);
}

/** The secret that the embedded registry trigger proves itself with, made on the first start. */
async function distributionSecret(secrets: EmbeddedSecrets): Promise<{ value: string; created: boolean }> {
  try {
    return { value: await secrets.get("distribution"), created: false };
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== "secret-missing") throw error;
  }
  const value = randomBytes(24).toString("base64url");
  await secrets.set("distribution", value);
  return { value, created: true };
}

function untilSignalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}

interface Welcome {
  readonly url: string;
  readonly dataDirectory: string;
  readonly webhookSecret: { readonly value: string; readonly created: boolean };
  readonly file: string | undefined;
  readonly routes: readonly string[];
  readonly token: string | undefined;
}

function printWelcome(welcome: Welcome): void {
  const bold = (text: string) => styleText("bold", text, { stream: process.stdout, validateStream: true });
  const lines = [
    `${bold(`Portwarden ${productVersion}`)} listens on ${bold(welcome.url)}`,
    `  data      ${welcome.dataDirectory}`,
    `  settings  ${welcome.file ?? "none (defaults); write portwarden.yaml into the data directory"}`,
    `  messages  ${welcome.routes.length === 0 ? "no route yet: set PORTWARDEN_SLACK_WEBHOOK_URL or PORTWARDEN_MAIL_TO, or notifications.routes" : welcome.routes.join(", ")}`,
    welcome.token === undefined
      ? `  token     in ${tokenPath(welcome.dataDirectory)}`
      : `  token     ${welcome.token}  (shown once; kept in ${tokenPath(welcome.dataDirectory)})`,
    "",
    "Point a registry (Docker Distribution) at it, in its config.yml:",
    "",
    "  notifications:",
    "    endpoints:",
    "      - name: portwarden",
    `        url: ${welcome.url}/v1/hooks/distribution`,
    "        headers:",
    welcome.webhookSecret.created
      ? `          Authorization: [Bearer ${welcome.webhookSecret.value}]`
      : `          Authorization: [Bearer <the contents of ${welcome.dataDirectory}/secrets/distribution>]`,
    "        timeout: 5s",
    "        threshold: 5",
    "        backoff: 5s",
    "",
    "Other registries: docs/registries.md. Findings: npx portwarden findings list. Stop with Ctrl-C.",
    "",
  ];
  console.log(lines.join("\n"));
}
