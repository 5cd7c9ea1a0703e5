import * as z from "zod";

/** Which registries may be asked, how, and for which platforms of an image. */
export const registrySettings = z.strictObject({
  /** Hosts of the registries that may be contacted; `*` stands for anything. Empty: every public one. */
  allow: z.array(z.string().min(1)).max(200).default([]),
  /** Hosts (`host:port`) spoken to over plain HTTP. Loopback addresses need no entry when `allowPrivate` has them. */
  insecure: z.array(z.string().min(1)).max(50).default([]),
  /** Hosts (`host` or `host:port`) that may resolve or redirect to loopback, link-local or private addresses. */
  allowPrivate: z.array(z.string().min(1)).max(50).default([]),
  /** `all`, or a list such as `linux/amd64`, `linux/arm64/v8`. */
  platforms: z
    .union([
      z.literal("all"),
      z
        .array(z.string().regex(/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/))
        .min(1)
        .max(20),
    ])
    .default("all"),
  /** Credentials by registry host glob; the first match wins. The password stands in a secret. */
  credentials: z
    .array(
      z.strictObject({
        registry: z.string().min(1),
        username: z.string().min(1),
        passwordSecret: z.string().min(1),
      }),
    )
    .max(100)
    .default([]),
  /** Azure Container Registry by federated credential: no stored secret. */
  azure: z.strictObject({ tenantId: z.string().min(1), clientId: z.string().min(1) }).optional(),
  /** Google Artifact Registry by workload identity federation: no stored secret. */
  google: z.strictObject({ audience: z.string().min(1), serviceAccount: z.email().optional() }).optional(),
});
export type RegistrySettings = z.infer<typeof registrySettings>;
