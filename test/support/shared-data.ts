import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const candidate = fileURLToPath(new URL("../../../shared/data/", import.meta.url));
const present = existsSync(`${candidate}README.md`);

if (!present && process.env["CI"] !== undefined && process.env["CI"] !== "" && process.env["CI"] !== "false") {
  throw new Error("the shared test data is missing beside the checkout: in CI these tests are never skipped");
}
if (!present) console.warn("shared test data not found beside the checkout: tests that need it are skipped");

/** The folder of real images, advisories and recorded events beside the checkout, with trailing slash. */
export const sharedData: string | undefined = present ? candidate : undefined;
