/** https://github.com/FriendsOfPHP/security-advisories */
import * as z from "zod";
import { rangeOf } from "../../reading/intervals.ts";
import { checked } from "../../reading/json-document.ts";
import { repositoryUpstream } from "../../reading/repository.ts";
import { composerRequirements } from "../../reading/requirements.ts";
import { oneLine } from "../../reading/text.ts";
import { undated } from "../../reading/undated.ts";
import { parseYaml } from "../../reading/yaml-document.ts";
import type { Feed, FeedContext, FeedRecord } from "../../types.ts";

const ecosystem = "Packagist";

const schema = z.object({
  title: z.string().max(10_000),
  link: z.string().max(4096),
  cve: z
    .string()
    .regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/)
    .nullish(),
  branches: z.record(
    z.string().max(200),
    z.object({
      /** `2015-08-06 22:08:00`, of the fix. */
      time: z.union([z.string().max(100), z.number()]).nullish(),
      versions: z.array(z.string().max(500)).min(1).max(100),
    }),
  ),
  reference: z.string().regex(/^composer:\/\/[\w.-]{1,200}\/[\w.-]{1,200}$/),
});

/** When its newest branch was fixed. */
function modifiedOf(branches: z.infer<typeof schema>["branches"]): string {
  const times = Object.values(branches).flatMap(({ time }) => {
    const [, date, clock = "00:00:00"] =
      /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]+([0-9]{2}:[0-9]{2}:[0-9]{2}))?/.exec(String(time)) ?? [];
    const parsed = Date.parse(`${date}T${clock}Z`);
    return Number.isNaN(parsed) ? [] : [parsed];
  });
  return times.length === 0 ? undated : new Date(Math.max(...times)).toISOString();
}

function read(document: Buffer, { wants }: FeedContext, file: string): FeedRecord {
  const { title, link, cve, branches, reference } = checked(schema, parseYaml(document));
  if (!wants(ecosystem)) return { kind: "ignored", reason: "other-ecosystem" };
  const name = reference.slice("composer://".length);
  // The files themselves have no other name than their place: `symfony/http-kernel/2015-04-01`.
  const own = /([\w.-]{1,200})\.yaml$/.exec(file)?.[1] ?? cve ?? "advisory";
  const ranges = Object.values(branches).map(({ versions }) =>
    rangeOf(composerRequirements.line, composerRequirements.interval(versions)),
  );
  return {
    kind: "advisory",
    advisory: {
      id: `${name}/${own}`,
      ...(typeof cve === "string" && { cves: [cve] }),
      database: "FriendsOfPHP",
      summary: oneLine(title),
      url: /^https?:\/\//.test(link)
        ? link
        : `https://github.com/FriendsOfPHP/security-advisories/blob/master/${name}/${own}.yaml`,
      modified: modifiedOf(branches),
    },
    affected: [{ ecosystem, name, affected: { ranges } }],
    licence: "Unlicense",
  };
}

export const feed: Feed = {
  name: "friendsofphp",
  recognises: (document, file) =>
    file.endsWith(".yaml") && document.includes("composer://") && /^branches:/m.test(document.toString("latin1")),
  read: (document, context, file = "") => [read(document, context, file)],
  upstream: repositoryUpstream(
    { name: "FriendsOfPHP/security-advisories", branch: "master", files: /\/[^/]+\/[^/]+\/[^/]+\.yaml$/ },
    {
      // OSV carries its records, by way of GitHub's.
      enabled: false,
      licence: "Unlicense",
      attribution: "FriendsOfPHP security advisories, https://github.com/FriendsOfPHP/security-advisories",
      redistributable: true,
      staleAfterHours: 14 * 24,
      parts: (wants) => (wants(ecosystem) ? [""] : []),
    },
  ),
};
