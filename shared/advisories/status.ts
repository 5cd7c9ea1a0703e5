import * as z from "zod";
import type { Platform } from "../platform/ports.ts";
import { advisoryWarnings } from "./age.ts";
import { readManifest } from "./manifest.ts";
import { ageOf } from "./store.ts";

const statusSchema = z.object({
  /** Hash of the whole set; `none` when the store is empty. */
  set: z.string(),
  updatedAt: z.iso.datetime().optional(),
  newestRecord: z.iso.datetime().optional(),
  warnings: z.array(z.string()),
  ecosystems: z.array(
    z.object({
      ecosystem: z.string(),
      updatedAt: z.iso.datetime(),
      newestRecord: z.iso.datetime().optional(),
      records: z.int(),
      source: z.string(),
      databases: z.array(z.object({ name: z.string(), licence: z.string().optional() })),
    }),
  ),
  shards: z.array(
    z.object({
      ecosystem: z.string(),
      sha256: z.string(),
      bytes: z.int(),
      packages: z.int(),
      advisories: z.int(),
    }),
  ),
  exploited: z.object({ count: z.int(), updatedAt: z.iso.datetime(), source: z.string() }).optional(),
});
export type AdvisoryStatus = z.infer<typeof statusSchema>;

/** What is in the store and how old it is; with the schema of the answer. */
export const openAdvisoriesStatus = {
  schema: statusSchema,
  async read(platform: Pick<Platform, "blobs" | "clock" | "settings">): Promise<AdvisoryStatus> {
    const manifest = await readManifest(platform.blobs);
    const { oldest: _, ...age } = ageOf(manifest);
    const warnings = advisoryWarnings(ageOf(manifest), platform.settings.advisories, platform.clock.now());
    if (manifest === undefined) return { ...age, warnings: [...warnings], ecosystems: [], shards: [] };
    return {
      ...age,
      warnings: [...warnings],
      ecosystems: manifest.ecosystems.map(({ name, etag: _etag, ...rest }) => ({ ecosystem: name, ...rest })),
      shards: manifest.shards.map(({ name, blob: _blob, rawBytes: _raw, ...rest }) => ({ ecosystem: name, ...rest })),
      ...(manifest.exploited !== undefined && {
        exploited: {
          count: manifest.exploited.count,
          updatedAt: manifest.exploited.updatedAt,
          source: manifest.exploited.source,
        },
      }),
    };
  },
};
