import * as z from "zod";
import type { Platform } from "../platform/ports.ts";
import { advisoryWarnings, staleSources } from "./age.ts";
import { readManifest } from "./set/manifest.ts";
import { ageOf } from "./set/store.ts";

const statusSchema = z.object({
  /** Hash of the whole set; `none` when the store is empty. */
  set: z.string(),
  updatedAt: z.iso.datetime().optional(),
  newestRecord: z.iso.datetime().optional(),
  warnings: z.array(z.string()),
  sources: z.array(
    z.object({
      /** `osv/npm`: a feed, and the part of it that is fetched on its own. */
      name: z.string(),
      updatedAt: z.iso.datetime(),
      newestRecord: z.iso.datetime().optional(),
      records: z.int(),
      quarantined: z.int(),
      from: z.string(),
      databases: z.array(z.object({ name: z.string(), licence: z.string().optional() })),
      licence: z.string().optional(),
      attribution: z.string().optional(),
      /** Its data is older than it may be. */
      stale: z.boolean(),
      /** Why it is not newer: since the first failure in a row, `at` the last one. */
      failure: z.object({ since: z.iso.datetime(), at: z.iso.datetime().optional(), reason: z.string() }).optional(),
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
  tables: z.array(z.object({ name: z.string(), rows: z.int(), bytes: z.int() })),
  exploited: z.object({ count: z.int(), updatedAt: z.iso.datetime(), source: z.string() }).optional(),
});
export type AdvisoryStatus = z.infer<typeof statusSchema>;

/** What is in the store and how old it is; with the schema of the answer. */
export const openAdvisoriesStatus = {
  schema: statusSchema,
  async read(platform: Pick<Platform, "blobs" | "clock" | "settings">): Promise<AdvisoryStatus> {
    const manifest = await readManifest(platform.blobs);
    const { sources: _, ...age } = ageOf(manifest);
    const { clock, settings } = platform;
    const warnings = advisoryWarnings(ageOf(manifest), settings.advisories, clock.now());
    const stale = new Set(staleSources(ageOf(manifest), settings.advisories, clock.now()).map(({ name }) => name));
    if (manifest === undefined) return { ...age, warnings: [...warnings], sources: [], shards: [], tables: [] };
    return {
      ...age,
      warnings: [...warnings],
      sources: manifest.sources.map(({ cursors: _cursors, feed: _feed, redistributable: _is, ...rest }) => {
        const { staleAfterHours: _hours, ...told } = rest;
        return { ...told, stale: stale.has(told.name) };
      }),
      shards: manifest.shards.map(({ name, sha256, bytes, packages, advisories }) => {
        return { ecosystem: name, sha256, bytes, packages, advisories };
      }),
      tables: manifest.tables.map(({ name, rows, bytes }) => ({ name, rows, bytes })),
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
