import * as z from "zod";
import { eventSource } from "./envelope.ts";

/** An event that brings a list of work: the key of a blob with a JSON array. */
export const listEventSchema = z.object({
  source: z.literal(eventSource),
  "detail-type": z.string(),
  detail: z.looseObject({ items: z.string().min(1).max(512) }),
});
