/** The settings of the embedded platform: `portwarden.yaml`, with what the environment adds for a quick start. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { messageOf, PermanentError } from "../shared/platform/errors.ts";
import { type Settings, type SettingsInput, settingsSchema } from "../shared/platform/settings.ts";
import { readYaml } from "../shared/platform/yaml.ts";

/** Read from the environment: one Slack route and one email route without a settings file. */
export const environmentSchema = z.object({
  PORTWARDEN_SLACK_WEBHOOK_URL: z.url().optional(),
  PORTWARDEN_SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  PORTWARDEN_MAIL_FROM: z.email().optional(),
  PORTWARDEN_MAIL_TO: z
    .string()
    .transform((value) => value.split(",").map((part) => part.trim()))
    .pipe(z.array(z.email()).min(1))
    .optional(),
  PORTWARDEN_LOG: z.enum(["debug", "info", "warn", "error"]).default("info"),
});
export type Environment = z.infer<typeof environmentSchema>;

/** Registries on this machine may be asked: the embedded platform is for one machine. */
const loopback = ["127.0.0.1", "localhost", "[::1]", "::1"];

export interface LocalSettings {
  readonly settings: Settings;
  /** Secrets that the environment gave, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly smtpUrl?: string;
  readonly logLevel: Environment["PORTWARDEN_LOG"];
  /** The file that was read, if there was one. */
  readonly file?: string;
}

/**
 * Reads the settings file (default: `portwarden.yaml` in the data directory, which may be missing) and the
 * environment. Throws `PermanentError("bad-settings")` with every problem listed.
 */
export function readLocalSettings(
  dataDirectory: string,
  environment: Readonly<Record<string, string | undefined>>,
  file?: string,
): LocalSettings {
  const variables = environmentSchema.safeParse(environment);
  if (!variables.success) throw new PermanentError("bad-settings", `environment: ${z.prettifyError(variables.error)}`);
  const path = file ?? join(dataDirectory, "portwarden.yaml");
  const fromFile = readFile(path, file !== undefined);
  // On its own first: merging would hide a value of the wrong type, or fail on it without a word that helps.
  check(fromFile, path);
  const { input, secrets } = withEnvironment(fromFile, variables.data);
  return {
    settings: check(input, `${path} with the environment`),
    secrets,
    logLevel: variables.data.PORTWARDEN_LOG,
    ...(variables.data.PORTWARDEN_SMTP_URL === undefined ? {} : { smtpUrl: variables.data.PORTWARDEN_SMTP_URL }),
    ...(existsSync(path) ? { file: path } : {}),
  };
}

function check(input: SettingsInput, where: string): Settings {
  const parsed = settingsSchema.safeParse(input);
  if (!parsed.success) throw new PermanentError("bad-settings", `${where}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function readFile(path: string, required: boolean): SettingsInput {
  if (!existsSync(path)) {
    if (required) throw new PermanentError("bad-settings", `there is no settings file ${path}`);
    return {};
  }
  let value: unknown;
  try {
    value = readYaml(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new PermanentError("bad-settings", `${path}: ${messageOf(cause)}`, { cause });
  }
  const shape = z.record(z.string(), z.unknown()).safeParse(value ?? {});
  if (!shape.success)
    throw new PermanentError("bad-settings", `${path}: expected sections such as registries, notifications`);
  // A heading with nothing under it says nothing.
  const said = Object.entries(shape.data).filter(([, section]) => section !== null);
  return Object.fromEntries(said) as SettingsInput;
}

function withEnvironment(input: SettingsInput, variables: Environment) {
  const routes = [...(input.notifications?.routes ?? [])];
  const secrets: Record<string, string> = {};
  if (variables.PORTWARDEN_SLACK_WEBHOOK_URL !== undefined) {
    secrets["slack-webhook"] = variables.PORTWARDEN_SLACK_WEBHOOK_URL;
    routes.push({ name: "slack", target: { channel: "slack", secret: "slack-webhook" } });
  }
  if (variables.PORTWARDEN_MAIL_TO !== undefined) {
    const from = variables.PORTWARDEN_MAIL_FROM ?? "portwarden@localhost.localdomain";
    routes.push({ name: "email", target: { channel: "email", from, to: variables.PORTWARDEN_MAIL_TO } });
  }
  const merged: SettingsInput = {
    ...input,
    registries: { ...input.registries, allowPrivate: [...(input.registries?.allowPrivate ?? []), ...loopback] },
    intake: { distribution: { secrets: ["distribution"] }, ...input.intake },
    notifications: { ...input.notifications, routes },
  };
  return { input: merged, secrets };
}
