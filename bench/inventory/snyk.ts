/** The peer that npm has: `node snyk.ts ARCHIVE`, with the folder whose node_modules hold it as the second argument. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [archive = "", folder = import.meta.dirname] = process.argv.slice(2);
const path = createRequire(`${folder}/`).resolve("snyk-docker-plugin");
const plugin: { scan(options: { path: string }): Promise<{ scanResults: readonly { identity: { type: string } }[] }> } =
  await import(pathToFileURL(path).href);
const { scanResults } = await plugin.scan({ path: archive });
console.log(scanResults.map(({ identity }) => identity.type).join(" "));
