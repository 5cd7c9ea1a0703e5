/** Fedora's updates, as Bodhi tells them: https://bodhi.fedoraproject.org/docs/ */
import * as z from "zod";
import { severityOfWord } from "../../reading/cvss.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import { affectedOf, type Statement } from "../../reading/statements.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import { isoTime } from "../../reading/time.ts";
import { undated } from "../../reading/undated.ts";
import type { Feed, FeedRecord } from "../../types.ts";
import { upstream } from "./upstream.ts";

const date = z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:]{8}/);
const update = z.object({
  alias: z.string().regex(/^FEDORA-[\w-]{3,60}$/),
  title: z.string().max(100_000).nullish(),
  display_name: z.string().max(100_000).nullish(),
  notes: z.string().nullish(),
  type: z.string().max(100),
  status: z.string().max(100).nullish(),
  severity: z.string().max(100).nullish(),
  date_submitted: date.nullish(),
  date_modified: date.nullish(),
  date_pushed: date.nullish(),
  date_stable: date.nullish(),
  release: z.object({
    version: z.string().max(20),
    id_prefix: z.string().max(100),
  }),
  bugs: z
    .array(z.object({ title: z.string().max(10_000).nullish() }))
    .max(10_000)
    .nullish(),
  builds: z
    .array(
      z.object({
        nvr: z.string().max(500),
        type: z.string().max(100).nullish(),
        epoch: z.int().min(0).max(4_294_967_295).nullish(),
      }),
    )
    .max(10_000)
    .nullish(),
});
type Update = z.infer<typeof update>;

/** Source packages: builds are told by what they are built from. */
function* statementsOf({ release, builds }: Update): Generator<Statement> {
  for (const { nvr, type, epoch } of builds ?? []) {
    const [, name, version] = /^([A-Za-z0-9][\w.+-]*)-([\w.+~^]+-[\w.+~^]+)$/.exec(nvr) ?? [];
    if ((type ?? "rpm") !== "rpm" || name === undefined || version === undefined) continue;
    yield { ecosystem: `Fedora:${release.version}`, name, says: { fixed: `${epoch ?? 0}:${version}` } };
  }
}

/** Bugs are named after the CVEs that they are about; where there are none, the packager's words tell. */
function cvesOf({ title, display_name: name, bugs, notes }: Update): readonly string[] {
  const inText = (text: string) => text.match(/CVE-[0-9]{4}-[0-9]{4,19}(?![0-9])/g) ?? [];
  const named = [title ?? "", name ?? "", ...(bugs ?? []).map((bug) => bug.title ?? "")].flatMap(inText);
  return [...new Set(named.length > 0 ? named : inText((notes ?? "").slice(0, 100_000)))].sort();
}

function read(told: Update, wants: (ecosystem: string) => boolean): FeedRecord {
  if (told.release.id_prefix !== "FEDORA" || !wants(`Fedora:${told.release.version}`)) {
    return { kind: "ignored", reason: "other-ecosystem", id: told.alias };
  }
  const cves = cvesOf(told);
  if (told.type !== "security" || cves.length === 0)
    return { kind: "ignored", reason: "no-vulnerability", id: told.alias };
  if (told.status === "obsolete" || told.status === "unpushed")
    return { kind: "ignored", reason: "not-published", id: told.alias };
  const affected = affectedOf(statementsOf(told));
  if (affected.length === 0) return { kind: "ignored", reason: "no-package", id: told.alias };
  const changed = [told.date_modified, told.date_stable, told.date_pushed, told.date_submitted];
  const newest = changed
    .flatMap((text) => text ?? [])
    .sort()
    .at(-1);
  const severity = severityOfWord(told.severity === "urgent" ? "critical" : told.severity);
  const description = paragraph(told.notes ?? "");
  return {
    kind: "advisory",
    advisory: {
      id: told.alias,
      cves,
      bundle: true,
      database: "Fedora",
      summary: oneLine(told.display_name || told.title || ""),
      ...(description !== "" && { description }),
      ...(severity !== undefined && { severity }),
      url: `https://bodhi.fedoraproject.org/updates/${told.alias}`,
      modified: newest === undefined ? undated : isoTime(`${newest.slice(0, 19).replace(" ", "T")}Z`),
    },
    affected,
  };
}

export const feed: Feed = {
  name: "fedora",
  recognises(document) {
    const head = document.toString("latin1", 0, 256);
    // Members come in any order: the rest is looked at only where one of them is near.
    if (!/^\s*\{\s*"(?:alias|autokarma|title|display_name|name|id)"/.test(head)) return false;
    return /"alias"\s*:\s*"FEDORA-/.test(document.toString("latin1")) && document.indexOf('"nvr"') >= 0;
  },
  read: (document, { wants }) => [read(checked(update, parseJson(document)), wants)],
  upstream,
};
