import * as z from "zod";
import { PermanentError, TransientError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import type { VexJustification } from "../vex/types.ts";
import { acceptancePartition } from "./keys.ts";
import { commitChanges, getFinding, type StoredFinding } from "./store.ts";
import { type Acceptance, type Cause, type Finding, resourceSchema } from "./types.ts";

export interface AcceptInput {
  readonly id: string;
  readonly by: string;
  readonly reason: string;
  /** Why it does not affect the resource; absent: it does, and the risk is accepted. */
  readonly vex?: VexJustification | undefined;
  /** ISO 8601, in the future. */
  readonly until: string;
}

const conflict = (id: string) =>
  new TransientError("finding-conflict", `finding ${id} was changed at the same time; try again`);

/**
 * Accepts the risk of one finding until a date. Accepting again replaces the acceptance.
 * Throws `PermanentError`: `finding-unknown`, `finding-resolved` (nothing to accept), `acceptance-in-the-past`.
 */
export async function acceptFinding(platform: Pick<Platform, "table" | "clock">, input: AcceptInput): Promise<Finding> {
  const now = platform.clock.now();
  if (Date.parse(input.until) <= now) {
    throw new PermanentError("acceptance-in-the-past", `an acceptance must end in the future, not at ${input.until}`);
  }
  const before = await getFinding(platform.table, input.id);
  if (before === undefined) throw new PermanentError("finding-unknown", `there is no finding ${input.id}`);
  if (before.finding.state === "resolved") {
    throw new PermanentError("finding-resolved", `finding ${input.id} is resolved: there is nothing to accept`);
  }
  const at = new Date(now).toISOString();
  const cause: Cause = { id: `accept:${input.id}:${at}`, kind: "person", time: at, detail: input.by };
  const acceptance: Acceptance = {
    by: input.by,
    reason: input.reason,
    ...(input.vex !== undefined && { vex: input.vex }),
    until: new Date(input.until).toISOString(),
    at,
  };
  const after: Finding = {
    ...before.finding,
    state: "accepted",
    acceptance,
    updatedAt: at,
    last: { transition: "accepted", cause },
  };
  const why = input.vex === undefined ? input.reason : `${input.vex}: ${input.reason}`;
  const note = `${why} (until ${acceptance.until})`.slice(0, 2000);
  if (!(await commitChanges(platform, [{ before, after, transition: { name: "accepted", note } }], cause))) {
    throw conflict(input.id);
  }
  return after;
}

const dueSchema = z.object({ id: z.string(), resource: resourceSchema });

/** Opens again every finding whose acceptance has ended; returns them. Safe to run twice. */
export async function expireAcceptances(
  platform: Pick<Platform, "table" | "clock" | "log">,
): Promise<readonly Finding[]> {
  const now = new Date(platform.clock.now()).toISOString();
  const reopened: Finding[] = [];
  let after: string | undefined;
  do {
    const page = await platform.table.query({
      pk: acceptancePartition,
      limit: 100,
      ...(after === undefined ? {} : { after }),
    });
    for (const item of page.items) {
      if (item.sk > now) return reopened;
      const stored = await getFinding(platform.table, dueSchema.parse(item.data).id);
      if (stored !== undefined && isDue(stored, now)) reopened.push(await expire(platform, stored, now));
      else await platform.table.remove({ pk: item.pk, sk: item.sk });
    }
    after = page.next;
  } while (after !== undefined);
  return reopened;
}

function isDue({ finding }: StoredFinding, now: string): boolean {
  return finding.state === "accepted" && finding.acceptance !== undefined && finding.acceptance.until <= now;
}

async function expire(
  platform: Pick<Platform, "table" | "clock">,
  before: StoredFinding,
  now: string,
): Promise<Finding> {
  const { acceptance, ...rest } = before.finding;
  const cause: Cause = { id: `expiry:${rest.id}:${acceptance?.until ?? now}`, kind: "schedule", time: now };
  const after: Finding = { ...rest, state: "open", updatedAt: now, last: { transition: "acceptance-expired", cause } };
  const note =
    acceptance === undefined ? undefined : `accepted by ${acceptance.by}: ${acceptance.reason}`.slice(0, 2000);
  const transition = { name: "acceptance-expired" as const, ...(note === undefined ? {} : { note }) };
  if (!(await commitChanges(platform, [{ before, after, transition }], cause))) throw conflict(rest.id);
  return after;
}
