/**
 * The settings of the product, one section per room, parsed once at the door. They hold no secret, only the names
 * of secrets. Embedded: `portwarden.yaml` in the data directory. On AWS: one environment variable per function with
 * the sections that its door declares.
 */
import * as z from "zod";
import { advisorySettings } from "../advisories/settings.ts";
import { cloudSettings } from "../clouds/settings.ts";
import { intakeSettings } from "../intake/settings.ts";
import { notificationSettings } from "../notifications/settings.ts";
import { registrySettings } from "../registry/settings.ts";
import { vexSettings } from "../vex/settings.ts";

export const settingsSchema = z.strictObject({
  registries: registrySettings.prefault({}),
  intake: intakeSettings.prefault({}),
  advisories: advisorySettings.prefault({}),
  notifications: notificationSettings.prefault({}),
  clouds: cloudSettings.prefault({}),
  vex: vexSettings.prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;
export type SettingsSection = keyof Settings;
