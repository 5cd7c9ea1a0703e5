import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { describe } from "vitest";
import { clientDefaults } from "../../shared/platform/aws/client.ts";
import { dynamoTable } from "../../shared/platform/aws/table.ts";
import { tableContract } from "../contract/table.ts";
import { emulatorsMissing, startDynamoDb } from "../support/aws-emulators.ts";
import { createTable } from "./stack.ts";

describe.skipIf(emulatorsMissing !== undefined)(`against DynamoDB Local ${emulatorsMissing ?? ""}`, () => {
  tableContract(
    "dynamodb",
    async () => {
      const emulator = await startDynamoDb();
      const client = new DynamoDBClient({ ...clientDefaults, ...emulator.client });
      await createTable(client, "portwarden");
      return {
        table: dynamoTable({ client, table: "portwarden", clock: { now: () => Date.now() } }),
        async close() {
          client.destroy();
          await emulator.close();
        },
      };
    },
    { runs: 60, concurrency: 20 },
  );
});
