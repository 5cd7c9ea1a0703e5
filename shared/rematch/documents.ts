/** The documents of a re-match: what its batches are, and what they gave. */
import * as z from "zod";
import { reportedFindingSchema } from "../findings/report.ts";

/** What a re-match is given to do: the key of a batch. */
export const batchItem = z.object({ batch: z.string().min(1).max(512) });
export type BatchItem = z.infer<typeof batchItem>;

const batchedImage = z.object({
  registry: z.string(),
  repository: z.string(),
  digest: z.string(),
  /** Loose names of packages by package type; absent: all that it holds. */
  names: z.record(z.string(), z.array(z.string())).optional(),
});
export type BatchedImage = z.infer<typeof batchedImage>;

export const batchSchema = z.object({ change: z.string(), number: z.int(), images: z.array(batchedImage) });
export type Batch = z.infer<typeof batchSchema>;

/** What a batch gave, until the report is made of all of them. */
export const batchResultSchema = z.object({
  matched: z.int(),
  changed: z.int(),
  /** Images that were left out: gone and not running. */
  skipped: z.int(),
  problems: z.array(z.object({ code: z.string(), message: z.string() })),
  introduced: z.array(reportedFindingSchema),
  fixed: z.array(reportedFindingSchema),
  escalated: z.array(reportedFindingSchema),
  quiet: z.int(),
});
export type BatchResult = z.infer<typeof batchResultSchema>;
