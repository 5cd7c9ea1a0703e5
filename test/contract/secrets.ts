/** What every `Secrets` does. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Secrets } from "../../shared/platform/ports.ts";
import { expectPermanent } from "./expect.ts";

export interface SecretsHarness {
  readonly secrets: Secrets;
  close(): Promise<void>;
}

const values: Readonly<Record<string, string>> = {
  "slack-webhook": "https://hooks.example.com/services/T0/B0/abc",
  "private.registry_password": "p=\"ä 😀'$(x)",
  key: "-----BEGIN KEY-----\nline\n-----END KEY-----\n",
};

/** Declares the suite. `open` gives secrets that hold exactly these values. */
export function secretsContract(
  name: string,
  open: (values: Readonly<Record<string, string>>) => Promise<SecretsHarness>,
) {
  describe(`secrets contract: ${name}`, () => {
    let harness: SecretsHarness;
    beforeAll(async () => {
      harness = await open(values);
    });
    afterAll(async () => {
      await harness?.close();
    });

    test.each(Object.entries(values))("%s comes back exactly, again and again", async (secret, value) => {
      expect(await harness.secrets.get(secret)).toBe(value);
      expect(await harness.secrets.get(secret)).toBe(value);
    });

    test("a missing one is a permanent error that names it and no other", async () => {
      const failure = harness.secrets.get("absent");
      await expectPermanent(failure, "secret-missing");
      await expect(failure).rejects.toThrow(/absent/);
    });

    test.each(["", "../key", "a/b", ".hidden", "a\u0000b", "a b", "x".repeat(200)])("%j is not a name", async (bad) => {
      await expectPermanent(harness.secrets.get(bad), "bad-secret-name");
    });
  });
}
