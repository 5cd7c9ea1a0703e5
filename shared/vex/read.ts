/** Reads a VEX document of any form; which one it is, its content says. */
import { parseJson } from "../platform/body.ts";
import { limits } from "../platform/limits.ts";
import { readCsaf } from "./csaf.ts";
import { readCycloneDx } from "./cyclonedx.ts";
import { malformed } from "./fields.ts";
import { readOpenVex } from "./openvex.ts";
import type { VexForm, VexIdentity, VexOrigin, VexReading } from "./types.ts";

/**
 * JSON out of hostile bytes.
 * @throws PermanentError `vex-malformed` when it is too large, no JSON, or nested too deeply
 */
export function parseVexJson(bytes: Uint8Array, name: string): unknown {
  if (bytes.length > limits.vexDocumentBytes) throw malformed(name, `it is over ${limits.vexDocumentBytes} bytes`);
  const parsed = parseJson(bytes);
  if (parsed === undefined) throw malformed(name, "it is no JSON, or nested too deeply");
  return parsed.value;
}

/** The form of a document, or `undefined` when it is none of them. */
export function vexFormOf(value: unknown): VexForm | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("@context" in value && isOpenVexContext(value["@context"])) return "openvex";
  if ("bomFormat" in value && value.bomFormat === "CycloneDX") return "cyclonedx";
  if (!("document" in value) || typeof value.document !== "object" || value.document === null) return undefined;
  return "tracking" in value.document && "category" in value.document ? "csaf" : undefined;
}

function isOpenVexContext(context: unknown): boolean {
  const all: readonly unknown[] = Array.isArray(context) ? context.slice(0, 10) : [context];
  return all.some((one) => typeof one === "string" && /^https:\/\/openvex\.dev\/ns(?:$|\/)/.test(one));
}

/**
 * The statements of a parsed document, for feeds as for files.
 * @param subject what OpenVEX statements without products are about: the subject of an attestation
 * @throws PermanentError `vex-malformed` with the place; a statement that cannot be read is among `problems`
 */
export function readVex(value: unknown, origin: VexOrigin, subject: readonly VexIdentity[] = []): VexReading {
  switch (vexFormOf(value)) {
    case "openvex":
      return readOpenVex(value, origin, subject);
    case "cyclonedx":
      return readCycloneDx(value, origin);
    case "csaf":
      return readCsaf(value, origin);
    case undefined:
      throw malformed(origin.name, "it is neither OpenVEX, CycloneDX nor CSAF");
  }
}
