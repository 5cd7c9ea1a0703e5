import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { budgets, byteBudget, coldImport } from "../../bench/bundles.ts";
import { type BundledDoor, type Bundles, bundleDoors, doorsWithModules } from "../../infra/bundle.ts";
import type { Uses } from "../../shared/platform/door.ts";

/** A port and the client that only its adapter needs. */
const clients: readonly (readonly [keyof Uses, string])[] = [
  ["blobs", "@aws-sdk/client-s3"],
  ["bus", "@aws-sdk/client-eventbridge"],
  ["mailer", "@aws-sdk/client-sesv2"],
  ["credentials", "@aws-sdk/client-ecr"],
  ["ecs", "@aws-sdk/client-ecs"],
];

/** On a busy machine the best of a few tries within twice the budget; `npm run bench:bundles` holds to the budget. */
const patience = 2;
const attempts = 8;

const filesOf = ({ directory }: BundledDoor) => readdirSync(directory).map((name) => join(directory, name));

describe("the functions' bundles", () => {
  let bundles: Bundles;
  beforeAll(async () => {
    bundles = await bundleDoors();
  }, 60_000);
  afterAll(() => bundles[Symbol.dispose]());

  describe.each(doorsWithModules())("$door.name", ({ door }) => {
    it("is within its size", () => {
      const bundle = bundles.of(door.name);
      expect(bundle.bytes).toBeLessThanOrEqual(byteBudget(bundle));
      expect(filesOf(bundle).reduce((sum, file) => sum + readFileSync(file).byteLength, 0)).toBe(bundle.bytes);
    });

    it("carries the clients of the ports it declares, and no others", () => {
      const { packages } = bundles.of(door.name);
      for (const [port, client] of clients) {
        expect([client, packages.includes(client)]).toEqual([client, door.uses[port] !== undefined]);
      }
    });

    it("says nothing of the machine it was made on", () => {
      for (const file of filesOf(bundles.of(door.name))) {
        expect(readFileSync(file, "utf8")).not.toContain(process.cwd());
      }
    });

    it("is imported in time, with an empty environment, and exports its handler", () => {
      const { file } = bundles.of(door.name);
      let best = coldImport(file);
      for (let more = 1; more < attempts && best.milliseconds > budgets.importMilliseconds; more++) {
        const again = coldImport(file);
        if (again.milliseconds < best.milliseconds) best = again;
      }
      expect(best.exports).toEqual([["handler", "function"]]);
      expect(best.milliseconds).toBeLessThanOrEqual(patience * budgets.importMilliseconds);
    });
  });
});
