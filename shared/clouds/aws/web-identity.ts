/**
 * A signed statement of who this process is on AWS, for other clouds to trust: `sts:GetWebIdentityToken`. The account
 * must have outbound web identity federation turned on
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html).
 */
import type { STSClient } from "@aws-sdk/client-sts";
import { clientDefaults } from "../../platform/aws/client.ts";
import { failureOf } from "../../platform/aws/errors.ts";
import { TransientError } from "../../platform/errors.ts";
import type { WebIdentity } from "../types.ts";
import { noIdentity } from "./no-identity.ts";

export interface WebIdentityOptions {
  /** Default: the SDK's own. A region's endpoint is needed, the global one does not have this call. */
  readonly client?: () => Pick<STSClient, "send">;
}

/** Asks for a new token every time: they are traded in at once, and what they are traded for is kept. */
export function awsWebIdentity(options: WebIdentityOptions = {}): WebIdentity {
  return async (audience) => {
    const sdk = await import("./sdk/sts.ts");
    const client = options.client?.() ?? new sdk.STSClient(clientDefaults);
    const command = new sdk.GetWebIdentityTokenCommand({
      Audience: [audience],
      SigningAlgorithm: "RS256",
      DurationSeconds: 300,
    });
    try {
      const answer = await client.send(command);
      if (answer.WebIdentityToken !== undefined) return answer.WebIdentityToken;
    } catch (error) {
      throw failureOf(error, "asking STS for a web identity token", noIdentity);
    }
    throw new TransientError("token-service-unavailable", "STS answered without a token");
  };
}
