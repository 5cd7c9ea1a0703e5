/** What is attached to an image as in-toto statements (https://in-toto.io/Statement/v1), and the VEX in it. */
import * as z from "zod";
import { parseJson } from "../platform/body.ts";
import { PermanentError } from "../platform/errors.ts";
import type { Attached, AttachedDocument } from "../registry/types.ts";
import { envelopeIn, verifiedBy } from "./dsse.ts";
import { digestOf, identityOf } from "./fields.ts";
import { parseVexJson, readVex, vexFormOf } from "./read.ts";
import type { VexSettings } from "./settings.ts";
import type { VexIdentity, VexReading, VexRemark } from "./types.ts";

const statementSchema = z.object({
  _type: z.string().regex(/^https:\/\/in-toto\.io\/Statement\//),
  predicateType: z.string().max(2048),
  subject: z
    .array(
      z.object({
        name: z.string().max(2048).optional().catch(undefined),
        digest: z.record(z.string().max(64), z.string().max(256)),
      }),
    )
    .max(1000),
  predicate: z.unknown(),
});

/** Predicates that may hold VEX; the others (provenance, SPDX) need not be fetched. */
export function mayHoldVex(predicateType: string | undefined): boolean {
  if (predicateType === undefined) return true;
  return /openvex|cyclonedx|csaf|\bvex\b/i.test(predicateType);
}

export interface AttestedVex {
  readonly readings: readonly VexReading[];
  readonly remarks: readonly VexRemark[];
}

/**
 * The VEX among what is attached to an image. What nobody vouches for, or what is about another image, is not used, and
 * told; documents without VEX in them are none of our business.
 * @param digests of the image, and of the index that it is one of
 */
export function attestedVex(
  attached: Attached,
  digests: readonly string[],
  settings: Pick<VexSettings, "attestations" | "keys">,
): AttestedVex {
  const readings: VexReading[] = [];
  const remarks: VexRemark[] = attached.problems.map(({ detail, subject }) => ({
    source: "attestation",
    reason: "vex-attestation-unread",
    detail,
    subject,
  }));
  for (const document of attached.documents) {
    const read = readAttestation(document, digests, settings);
    if (read === undefined) continue;
    if ("reason" in read) remarks.push(read);
    else readings.push(read);
  }
  return { readings, remarks };
}

function readAttestation(
  { bytes, digest }: AttachedDocument,
  digests: readonly string[],
  settings: Pick<VexSettings, "attestations" | "keys">,
): VexReading | VexRemark | undefined {
  const remark = (reason: string, detail: string): VexRemark => ({
    source: "attestation",
    reason,
    detail,
    subject: digest,
  });
  try {
    const outer = parseJson(bytes)?.value;
    if (outer === undefined) return remark("vex-malformed", "an attestation that is no JSON, or nested too deeply");
    const envelope = envelopeIn(outer);
    if (envelope !== undefined && envelope.payloadType !== "application/vnd.in-toto+json") return undefined;
    const payload = envelope === undefined ? outer : parseVexJson(Buffer.from(envelope.payload, "base64"), digest);
    const statement = statementSchema.safeParse(payload);
    if (!statement.success) {
      const isVex = vexFormOf(payload) !== undefined;
      return isVex ? remark("vex-malformed", "an attestation that is no in-toto statement") : undefined;
    }
    const { subject, predicate } = statement.data;
    const key = envelope === undefined ? undefined : verifiedBy(envelope, settings.keys);
    const origin = { source: "attestation", name: digest, ...(key !== undefined && { verifiedBy: key }) } as const;
    if (vexFormOf(predicate) === undefined) return undefined;
    const about = subjectsOf(subject);
    const reading = readVex(predicate, origin, about);
    if (reading.statements.length + reading.problems.length === 0) return undefined;
    if (!about.some((one) => one.digests.some((own) => digests.includes(own)))) {
      return remark("vex-other-image", `${what(reading)} attached to this image, but about another one`);
    }
    if (key === undefined && settings.attestations !== "any") {
      const why = envelope === undefined ? "nobody signed it" : whyUnverified(settings);
      return remark("vex-unverified", `${what(reading)} not used: ${why}`);
    }
    return reading;
  } catch (error) {
    if (error instanceof PermanentError && error.code === "vex-malformed") return remark(error.code, error.message);
    throw error;
  }
}

function whyUnverified({ keys }: Pick<VexSettings, "keys">): string {
  if (keys.length === 0) return "no key is configured to verify it with (vex.keys)";
  return `its signature is by none of the configured keys (${keys.map(({ name }) => name).join(", ")})`.slice(0, 300);
}

function what({ document, statements }: VexReading): string {
  const author = document.author === undefined ? "" : ` by ${document.author.slice(0, 100)}`;
  return `${statements.length} VEX statements${author} (${document.id.slice(0, 200)})`;
}

function subjectsOf(subject: z.infer<typeof statementSchema>["subject"]): readonly VexIdentity[] {
  return subject.map(({ name, digest }) => {
    const digests = Object.entries(digest).flatMap(([algorithm, hash]) => digestOf(algorithm, hash) ?? []);
    return { ...identityOf(name ?? digests[0] ?? "", [], digests), purls: [] };
  });
}
