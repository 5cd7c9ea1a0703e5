/** Our acceptances as OpenVEX 0.2.0: what was decided about vulnerabilities of images, for others to read. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { listFindings } from "../findings/list.ts";
import type { Finding } from "../findings/types.ts";
import { PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Platform } from "../platform/ports.ts";
import { vexJustifications } from "./types.ts";

const identifier = z.object({ "@id": z.string() });
export const openVexSchema = z.object({
  "@context": z.literal("https://openvex.dev/ns/v0.2.0"),
  "@id": z.string(),
  author: z.string(),
  timestamp: z.iso.datetime(),
  version: z.int(),
  tooling: z.string(),
  statements: z.array(
    z.object({
      vulnerability: z.object({ name: z.string(), aliases: z.array(z.string()).optional() }),
      timestamp: z.iso.datetime(),
      products: z.array(identifier.extend({ subcomponents: z.array(identifier) })),
      status: z.enum(["not_affected", "affected"]),
      justification: z.enum(vexJustifications).optional(),
      impact_statement: z.string().optional(),
      action_statement: z.string().optional(),
    }),
  ),
});
export type OpenVexDocument = z.infer<typeof openVexSchema>;

export interface WriteOptions {
  readonly author: string;
  readonly version: string;
  /** Of these images only. */
  readonly repository?: string;
  readonly image?: string;
  /** Findings in one document; default `limits.vexFindings`. */
  readonly most?: number;
}

/**
 * The accepted vulnerabilities of images as one document. An accepted risk is `affected`, with what was decided as its
 * action; it is `not_affected` only where whoever accepted it said why, in VEX terms.
 * @throws PermanentError `vex-too-large` for over `most`: ask for one repository or image
 */
export async function writeVex(
  platform: Pick<Platform, "table" | "clock">,
  options: WriteOptions,
): Promise<OpenVexDocument> {
  const accepted = await acceptedVulnerabilities(platform, options);
  const statements = accepted.flatMap((finding) => statementOf(finding) ?? []);
  const hash = createHash("sha256")
    .update(JSON.stringify([options.author, statements]))
    .digest("hex");
  return {
    "@context": "https://openvex.dev/ns/v0.2.0",
    // The same statements have the same id, as the tools of OpenVEX do it.
    "@id": `https://openvex.dev/docs/public/vex-${hash}`,
    author: options.author,
    timestamp: new Date(platform.clock.now()).toISOString(),
    version: 1,
    tooling: `Portwarden ${options.version}`,
    statements,
  };
}

async function acceptedVulnerabilities(
  { table }: Pick<Platform, "table">,
  { repository, image, most = limits.vexFindings }: WriteOptions,
): Promise<readonly Finding[]> {
  const filter = {
    state: "accepted" as const,
    kind: "vulnerability" as const,
    ...(repository !== undefined && { repository }),
    ...(image !== undefined && { resource: { type: "image" as const, id: image } }),
  };
  const found: Finding[] = [];
  let cursor: string | undefined;
  do {
    const page = await listFindings(table, filter, limits.pageSize, cursor);
    found.push(...page.findings.filter(({ resource }) => resource.type === "image"));
    if (found.length > most) {
      throw new PermanentError(
        "vex-too-large",
        `over ${most} findings are accepted: ask for one repository, or one image`,
      );
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function statementOf(finding: Finding): OpenVexDocument["statements"][number] | undefined {
  const { acceptance, resource, rule, evidence } = finding;
  const image = imagePurl(resource.id);
  if (acceptance === undefined || image === undefined) return undefined;
  const aliases = stringsOf(evidence["aliases"]);
  return {
    vulnerability: { name: rule, ...(aliases.length > 0 && { aliases }) },
    timestamp: acceptance.at,
    products: [{ "@id": image, subcomponents: [{ "@id": packagePurl(finding) }] }],
    ...(acceptance.vex === undefined
      ? {
          status: "affected" as const,
          action_statement: `Risk accepted by ${acceptance.by} until ${acceptance.until}: ${acceptance.reason}`,
        }
      : {
          status: "not_affected" as const,
          justification: acceptance.vex,
          impact_statement: acceptance.reason,
        }),
  };
}

/** `registry/repository@sha256:…` as purl-spec's type `oci` has it; `undefined` for what has no digest. */
function imagePurl(id: string): string | undefined {
  const [, repository, digest] = /^(.+)@(sha256:[a-f0-9]{64})$/.exec(id) ?? [];
  if (repository === undefined || digest === undefined) return undefined;
  const name = repository.slice(repository.lastIndexOf("/") + 1);
  return `pkg:oci/${encodeURIComponent(name)}@${encodeURIComponent(digest)}?repository_url=${encodeURIComponent(repository)}`;
}

/** The subject of a finding is cut where it is too long for a key; the evidence has it whole. */
function packagePurl({ evidence, subject }: Finding): string {
  const component = evidence["package"];
  if (typeof component !== "object" || component === null || Array.isArray(component)) return subject;
  const { purl } = component;
  return typeof purl === "string" ? purl : subject;
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}
