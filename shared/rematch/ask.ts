/** Asking for a re-match by hand. */
import * as z from "zod";
import type { Platform } from "../platform/ports.ts";

/** The queue in front of re-matches, named as its door. */
export const planQueue = "plan-rematch";

/** Look whether the advisory set changed since the last announcement, or match everything again. */
export const askSchema = z.object({
  kind: z.literal("ask"),
  everything: z.boolean(),
  /** Also images that left the registry and run nowhere. */
  gone: z.boolean(),
});

/** Asks for a re-match: of what changed since the last, or of everything. */
export async function askForRematch(
  { queues }: Pick<Platform, "queues">,
  request: { readonly everything: boolean; readonly gone: boolean },
): Promise<void> {
  await queues.send(planQueue, [{ kind: "ask", ...request } satisfies z.infer<typeof askSchema>]);
}
