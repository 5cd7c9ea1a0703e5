import { createPublicKey } from "node:crypto";
import * as z from "zod";

/** A PEM public key; a private one is refused, so that none ever stands in settings. */
const publicKey = z
  .string()
  .max(10_000)
  .refine(
    (pem) => !pem.includes("PRIVATE KEY") && isPublicKey(pem),
    "not a PEM public key (-----BEGIN PUBLIC KEY-----)",
  );

function isPublicKey(pem: string): boolean {
  try {
    return ["ec", "rsa", "ed25519"].includes(createPublicKey(pem).asymmetricKeyType ?? "");
  } catch {
    return false;
  }
}

/** Where statements on vulnerabilities come from, and whom they are believed. */
export const vexSettings = z.strictObject({
  /** Files, directories, or `blob:KEY` for documents in the platform's own storage. Trusted as they are. */
  files: z.array(z.string().min(1).max(1024)).max(100).default([]),
  /** `verified`: attestations signed with one of the keys; `any`: unsigned ones too; `off`: they are not asked for. */
  attestations: z.enum(["verified", "any", "off"]).default("verified"),
  /** Public keys that attestations may be signed with; the name is shown as evidence. */
  keys: z
    .array(z.strictObject({ name: z.string().min(1).max(100), publicKey }))
    .max(20)
    .default([]),
  /** Author of the documents that are written. */
  author: z.string().min(1).max(256).default("Portwarden"),
});
export type VexSettings = z.infer<typeof vexSettings>;
