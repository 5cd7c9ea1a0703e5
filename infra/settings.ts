/**
 * The product's settings at synthesis: `portwarden.yaml`, checked by the same schema that the functions parse with, so
 * that what would fail at the first event fails here.
 */
import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";
import type { Door } from "../shared/platform/door.ts";
import { messageOf } from "../shared/platform/errors.ts";
import { type Settings, type SettingsInput, settingsSchema } from "../shared/platform/settings.ts";
import { readYaml } from "../shared/platform/yaml.ts";

export interface StackSettings {
  /** As written, without the defaults: what the functions are given, since an environment holds 4 kB. */
  readonly input: SettingsInput;
  readonly parsed: Settings;
}

/** Settings given as single context keys, for a start without a file. They add to the file's. */
export interface Shortcuts {
  readonly slackSecret: string | undefined;
  readonly mail: { readonly from: string; readonly to: readonly string[] } | undefined;
  readonly registries: readonly string[] | undefined;
}

/** Throws an `Error` with every problem of the settings. */
export function readSettings(path: string | undefined, shortcuts: Shortcuts): StackSettings {
  const written = path === undefined ? {} : readFile(path);
  check(written, path === undefined ? "the settings" : `the settings in ${path}`);
  const input = withShortcuts(written, shortcuts);
  const parsed = check(input, "the settings of the context");
  const names = parsed.notifications.routes.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`the settings are wrong: two routes are named ${twice}`);
  const local = parsed.vex.files.find((file) => !file.startsWith("blob:"));
  if (local !== undefined) {
    throw new Error(
      `the settings are wrong: functions have no file ${local}; put it in the bucket and name it blob:KEY`,
    );
  }
  return { input, parsed };
}

function check(input: unknown, what: string): Settings {
  const parsed = settingsSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new Error(`${what} are wrong:\n${z.prettifyError(parsed.error)}`);
}

const sections = z.record(z.string(), z.unknown());

function readFile(path: string): SettingsInput {
  if (!existsSync(path)) throw new Error(`there is no settings file ${path} (-c settings=...)`);
  let value: unknown;
  try {
    value = readYaml(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Error(`the settings in ${path} are not YAML: ${messageOf(cause)}`, { cause });
  }
  const read = sections.safeParse(value ?? {});
  if (!read.success) throw new Error(`the settings in ${path} are wrong: sections such as registries are expected`);
  return read.data as SettingsInput;
}

function withShortcuts(input: SettingsInput, { slackSecret, mail, registries }: Shortcuts): SettingsInput {
  const routes = [...(input.notifications?.routes ?? [])];
  if (slackSecret !== undefined) routes.push({ name: "slack", target: { channel: "slack", secret: slackSecret } });
  if (mail !== undefined) {
    routes.push({ name: "email", target: { channel: "email", from: mail.from, to: [...mail.to] } });
  }
  const allow = [...(input.registries?.allow ?? []), ...(registries ?? [])];
  return {
    ...input,
    ...(routes.length === 0 ? {} : { notifications: { ...input.notifications, routes } }),
    ...(allow.length === 0 ? {} : { registries: { ...input.registries, allow } }),
  };
}

/** The sections that a door declares, as they were written; `region` is watched unless the settings say otherwise. */
export function sectionsOf(door: Pick<Door, "settings">, { input }: StackSettings, region: string): SettingsInput {
  const watched = { ...input.clouds, ecs: { regions: [region], ...input.clouds?.ecs } };
  const all: SettingsInput = { ...input, clouds: watched };
  return Object.fromEntries((door.settings ?? []).map((section) => [section, all[section] ?? {}]));
}
