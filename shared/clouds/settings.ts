import * as z from "zod";

export const cloudSettings = z.strictObject({
  ecs: z
    .strictObject({
      /** Regions to sweep; empty: ECS is not watched. */
      regions: z
        .array(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/))
        .max(30)
        .default([]),
      /** How long a cluster must be quiet before it is re-read, in seconds. */
      settleSeconds: z.int().min(0).max(900).default(10),
    })
    .prefault({}),
});
export type CloudSettings = z.infer<typeof cloudSettings>;
