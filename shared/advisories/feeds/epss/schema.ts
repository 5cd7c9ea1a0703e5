import * as z from "zod";

export const day = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** The first line of the scores, with their day. */
export const csvHeader = /^#model_version:[\w.]{1,40},score_date:([0-9-]{10})/;

export const listing = z.object({
  score_date: z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T|$)/),
  data: z.array(z.unknown()).max(1_000_000),
});

export const datedRow = z.object({
  id: z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/),
  epss: z.number().min(0).max(1),
});
