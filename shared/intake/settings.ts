import * as z from "zod";

const sharedSecret = z.strictObject({
  /** Names of the live secrets, newest first: two while one is being rotated. */
  secrets: z.array(z.string().min(1)).min(1).max(2),
});

/** How each webhook sender proves itself. A sender without an entry is refused (401). */
export const intakeSettings = z.strictObject({
  distribution: sharedSecret.optional(),
  harbor: sharedSecret.optional(),
  github: sharedSecret.optional(),
  "docker-hub": sharedSecret.optional(),
  quay: sharedSecret.optional(),
  /** Azure Event Grid with Entra: the tenant and the application (audience) the subscription was made with. */
  azure: z.strictObject({ tenantId: z.string().min(1), audience: z.string().min(1) }).optional(),
  /** Google Pub/Sub push: the audience and the service account of the push subscription. */
  google: z.strictObject({ audience: z.string().min(1), serviceAccount: z.email() }).optional(),
  /** How old a signed delivery may be, in seconds, where the sender states a time. */
  maxAgeSeconds: z.int().min(30).max(86_400).default(600),
});
export type IntakeSettings = z.infer<typeof intakeSettings>;
