import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { describe } from "vitest";
import { clientDefaults } from "../../shared/platform/aws/client.ts";
import { dynamoTable } from "../../shared/platform/aws/table.ts";
import { tableContract } from "../contract/table.ts";
import { emulatorsMissing, startDynamoDb } from "../support/aws-emulators.ts";

describe.skipIf(emulatorsMissing !== undefined)(`against DynamoDB Local ${emulatorsMissing ?? ""}`, () => {
  tableContract(
    "dynamodb",
    async () => {
      const emulator = await startDynamoDb();
      const client = new DynamoDBClient({ ...clientDefaults, ...emulator.client });
      await client.send(
        new CreateTableCommand({
          TableName: "portwarden",
          BillingMode: "PAY_PER_REQUEST",
          AttributeDefinitions: [
            { AttributeName: "pk", AttributeType: "S" },
            { AttributeName: "sk", AttributeType: "S" },
          ],
          KeySchema: [
            { AttributeName: "pk", KeyType: "HASH" },
            { AttributeName: "sk", KeyType: "RANGE" },
          ],
        }),
      );
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
