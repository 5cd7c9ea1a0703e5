/** The secrets port on Secrets Manager. Right: GetSecretValue on names that begin with the prefix. */
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { PermanentError } from "../errors.ts";
import type { Clock, Secrets } from "../ports.ts";
import { checkSecretName } from "../validation.ts";
import { clientDefaults } from "./client.ts";
import { failureOf, nameOf } from "./errors.ts";
import type { Provider } from "./providers.ts";

/** How long a value is kept: a rotated secret is in use everywhere after this. */
const keptMilliseconds = 5 * 60_000;

export interface SecretsManagerOptions {
  readonly client: SecretsManagerClient;
  readonly prefix: string;
  readonly clock: Clock;
}

export const provide: Provider<"secrets"> = ({ environment, clock }) =>
  secretsManager({
    client: new SecretsManagerClient(clientDefaults),
    prefix: environment.require("secretPrefix"),
    clock,
  });

export function secretsManager({ client, prefix, clock }: SecretsManagerOptions): Secrets {
  const kept = new Map<string, { readonly value: string; readonly until: number }>();
  return {
    async get(name) {
      checkSecretName(name);
      const known = kept.get(name);
      if (known !== undefined && clock.now() < known.until) return known.value;
      const value = await read(client, prefix, name);
      kept.set(name, { value, until: clock.now() + keptMilliseconds });
      return value;
    },
  };
}

async function read(client: SecretsManagerClient, prefix: string, name: string): Promise<string> {
  try {
    const answer = await client.send(new GetSecretValueCommand({ SecretId: prefix + name }));
    return answer.SecretString ?? Buffer.from(answer.SecretBinary ?? []).toString();
  } catch (thrown) {
    // InvalidRequestException: it is being deleted.
    if (nameOf(thrown) === "ResourceNotFoundException" || nameOf(thrown) === "InvalidRequestException") {
      const options = { cause: thrown };
      throw new PermanentError("secret-missing", `the secret ${name} does not exist in Secrets Manager`, options);
    }
    throw failureOf(thrown, `reading the secret ${name}`);
  }
}
