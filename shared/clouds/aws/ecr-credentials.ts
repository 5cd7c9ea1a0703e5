/**
 * Amazon ECR by role: `ecr:GetAuthorizationToken` gives a password that is good for 12 hours in every registry that the
 * role may read (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html).
 */
import type { ECRClient } from "@aws-sdk/client-ecr";
import { clientDefaults } from "../../platform/aws/client.ts";
import { failureOf } from "../../platform/aws/errors.ts";
import { TransientError } from "../../platform/errors.ts";
import type { Clock } from "../../platform/ports.ts";
import type { CredentialSource, Credentials } from "../../registry/types.ts";
import { type Expiring, keptByKey } from "../expiring.ts";
import { noIdentity } from "./no-identity.ts";

/** `<account>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]`, and the dual-stack `<account>.dkr-ecr.<region>.on.aws`. */
const hostPattern =
  /^\d{12}\.dkr(?:\.ecr(?:-fips)?\.([a-z0-9-]{4,30})\.amazonaws\.com(?:\.cn)?|-ecr(?:-fips)?\.([a-z0-9-]{4,30})\.on\.aws)$/;

/** Layers of a large image are still being read when a token that was fresh at its start has expired. */
const marginSeconds = 30 * 60;

export interface EcrOptions {
  readonly clock: Clock;
  /** A client for a region; by default the SDK's own with the process's role. */
  readonly client?: (region: string) => Pick<ECRClient, "send">;
}

/** The region of an ECR host, or `undefined` when the host is none of ECR's. */
export function ecrRegion(registry: string): string | undefined {
  const match = hostPattern.exec(registry);
  return match?.[1] ?? match?.[2];
}

/** Credentials for hosts of ECR; the SDK is loaded on the first of them. */
export function ecrCredentials(options: EcrOptions): CredentialSource {
  const tokenOf = keptByKey(options.clock, marginSeconds, (region) => fetchToken(region, options));
  return async (registry) => {
    const region = ecrRegion(registry);
    return region === undefined ? undefined : tokenOf(region);
  };
}

async function fetchToken(region: string, options: EcrOptions): Promise<Expiring<Credentials>> {
  const sdk = await import("./sdk/ecr.ts");
  const client = options.client?.(region) ?? new sdk.ECRClient({ ...clientDefaults, region });
  try {
    const answer = await client.send(new sdk.GetAuthorizationTokenCommand({}));
    const data = answer.authorizationData?.[0];
    const decoded = Buffer.from(data?.authorizationToken ?? "", "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    if (colon < 1) throw new TransientError("token-service-unavailable", "ECR answered without a token");
    const expiresAt = data?.expiresAt?.getTime() ?? options.clock.now() + 12 * 3_600_000;
    const value = { kind: "basic", username: decoded.slice(0, colon), password: decoded.slice(colon + 1) } as const;
    return { value, expiresAt };
  } catch (error) {
    throw failureOf(error, `asking ECR in ${region} for a token`, noIdentity);
  }
}
