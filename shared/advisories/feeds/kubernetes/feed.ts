/** CVEs of Kubernetes' components, kept by hand: https://github.com/stackrox/k8s-cves */
import * as z from "zod";
import { cvssScorer } from "../../reading/cvss.ts";
import { rangeOf } from "../../reading/intervals.ts";
import { checked } from "../../reading/json-document.ts";
import { kubernetes, kubernetesModule, kubernetesModules } from "../../reading/kubernetes.ts";
import { repositoryUpstream } from "../../reading/repository.ts";
import { cargoRequirements } from "../../reading/requirements.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import { isoTime } from "../../reading/time.ts";
import { parseYaml } from "../../reading/yaml-document.ts";
import type { Feed, FeedContext, FeedRecord, RangeEvent } from "../../types.ts";

const score = cvssScorer();

const scores = z
  .object({ vectorV2: z.string().max(300).optional(), vectorV3: z.string().max(300).optional() })
  .nullish();
const schema = z.object({
  cve: z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/),
  issueUrl: z
    .url({ protocol: /^https?$/ })
    .max(4096)
    .nullish(),
  published: z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}/),
  description: z.string().max(200_000),
  components: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,100}$/))
    .max(100)
    .nullish(),
  cvss: z.object({ kubernetes: scores, nvd: scores }).nullish(),
  affected: z.array(z.object({ range: z.string().max(500), fixedBy: z.string().max(100).nullish() })).max(1000),
});
type Record = z.infer<typeof schema>;

/** `>= 1.28, <= 1.28.8`, or one version; the build that fixes it ends the range where it is told. */
function eventsOf({ range, fixedBy }: Record["affected"][number]): readonly RangeEvent[] {
  const { line } = cargoRequirements;
  // Of several numbers without an operator it means that version alone.
  const exact = range.split(",").map((part) => (/^\s*[0-9]/.test(part) ? `=${part}` : part));
  const interval = cargoRequirements.interval(exact);
  const isBounded = interval.to?.inclusive === true && fixedBy !== undefined && fixedBy !== null;
  const fixed = isBounded ? { ...interval, to: { version: fixedBy, inclusive: false } } : interval;
  return rangeOf(line, fixed);
}

function read(document: Buffer, { wants }: FeedContext): FeedRecord {
  const record = checked(schema, parseYaml(document));
  if (!wants(kubernetes)) return { kind: "ignored", reason: "other-ecosystem" };
  const { cve, cvss, components, issueUrl, description, published } = record;
  const told = [cvss?.kubernetes, cvss?.nvd].flatMap((by) => [
    { type: "CVSS_V3", score: by?.vectorV3 ?? "" },
    { type: "CVSS_V2", score: by?.vectorV2 ?? "" },
  ]);
  const scored = score(told);
  const names = components?.length ? [...new Set(components.map(kubernetesModule))] : kubernetesModules;
  const ranges = record.affected.map(eventsOf);
  return {
    kind: "advisory",
    advisory: {
      id: cve,
      cves: [cve],
      database: "Kubernetes",
      summary: oneLine(description),
      description: paragraph(description),
      ...(scored !== undefined && { cvss: scored }),
      url: issueUrl ?? `https://www.cve.org/CVERecord?id=${cve}`,
      modified: isoTime(published.slice(0, 10)),
    },
    affected: names.map((name) => ({ ecosystem: kubernetes, name, affected: { ranges, source: true } })),
    licence: "Apache-2.0",
  };
}

export const feed: Feed = {
  name: "kubernetes",
  recognises(document, file) {
    if (!/\.ya?ml$/.test(file)) return false;
    const text = document.toString("latin1");
    return /^cve: ["']?CVE-/m.test(text.slice(0, 200)) && /^affected:/m.test(text) && /^\s*- range:/m.test(text);
  },
  read: (document, context) => [read(document, context)],
  upstream: repositoryUpstream(
    { name: "stackrox/k8s-cves", branch: "main", files: /\/cves\/CVE-[0-9-]+\.yaml$/ },
    {
      // OSV carries the official feed.
      enabled: false,
      licence: "Apache-2.0",
      attribution: "Kubernetes CVEs, https://github.com/stackrox/k8s-cves",
      redistributable: true,
      staleAfterHours: 30 * 24,
      parts: (wants) => (wants(kubernetes) ? [""] : []),
    },
  ),
};
