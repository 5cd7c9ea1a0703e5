import type { AdvisoryAge } from "../matching/types.ts";
import type { AdvisorySettings } from "./settings.ts";

/** Named one by one. */
const staleShown = 5;
const hourMilliseconds = 60 * 60 * 1000;
const dayMilliseconds = 24 * hourMilliseconds;

function days(from: string, now: number): number {
  return Math.floor((now - Date.parse(from)) / dayMilliseconds);
}

function overdue(from: string | undefined, settings: Pick<AdvisorySettings, "warnAfterDays">, now: number): boolean {
  return from !== undefined && now - Date.parse(from) > settings.warnAfterDays * dayMilliseconds;
}

/** What a scan says about the age of the advisories it used; empty when they are fresh. `now` in milliseconds. */
export function advisoryWarnings(
  age: AdvisoryAge,
  settings: Pick<AdvisorySettings, "warnAfterDays">,
  now: number,
): readonly string[] {
  const remedy = 'run "portwarden advisories update"';
  if (age.set === "none" || age.updatedAt === undefined) {
    return [`there are no advisories in the store, so nothing can be found: ${remedy}`];
  }
  if (overdue(age.updatedAt, settings, now)) {
    return [`the advisories were last updated ${days(age.updatedAt, now)} days ago (${age.updatedAt}): ${remedy}`];
  }
  if (overdue(age.newestRecord, settings, now)) {
    const newest = age.newestRecord ?? "";
    const said = `the newest advisory in the store is ${days(newest, now)} days old (${newest}): its source is out of date`;
    return [said, ...staleWarnings(age, settings, now)];
  }
  return staleWarnings(age, settings, now);
}

/** Clocks of machines differ by less. */
const skewMilliseconds = hourMilliseconds;

function isAhead(time: string, now: number): boolean {
  return Date.parse(time) > now + skewMilliseconds;
}

/**
 * The sources whose data is older than they may be, or of an age that nobody knows because its time is yet to come.
 * `now` in milliseconds.
 */
export function staleSources(
  age: AdvisoryAge,
  settings: Pick<AdvisorySettings, "warnAfterDays">,
  now: number,
): NonNullable<AdvisoryAge["sources"]> {
  return (age.sources ?? []).filter(({ updatedAt, staleAfterHours }) => {
    const hours = staleAfterHours ?? settings.warnAfterDays * 24;
    return isAhead(updatedAt, now) || now - Date.parse(updatedAt) > hours * hourMilliseconds;
  });
}

/** A few are told by name. */
function staleWarnings(
  age: AdvisoryAge,
  settings: Pick<AdvisorySettings, "warnAfterDays">,
  now: number,
): readonly string[] {
  const stale = staleSources(age, settings, now);
  const shown = stale.slice(0, staleShown).map(({ name, updatedAt, failure }) => {
    const why = failure === undefined ? "" : ` (${failure.slice(0, 200)})`;
    if (isAhead(updatedAt, now)) {
      return `the advisories of ${name} claim to be of ${updatedAt}, which is in the future: a clock is wrong${why}`;
    }
    return `the advisories of ${name} were last updated ${days(updatedAt, now)} days ago, ${updatedAt}${why}`;
  });
  return stale.length > staleShown ? [...shown, `and those of ${stale.length - staleShown} more sources`] : shown;
}
