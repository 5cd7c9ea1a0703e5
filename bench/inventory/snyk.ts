/** A scan by snyk-docker-plugin as a process: `node snyk.ts ARCHIVE FOLDER`; the folder's node_modules hold it. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [archive = "", folder = ""] = process.argv.slice(2);
const path = createRequire(`${folder}/`).resolve("snyk-docker-plugin");
const plugin: { scan(options: { path: string }): Promise<{ scanResults: readonly { identity: { type: string } }[] }> } =
  await import(pathToFileURL(path).href);
const { scanResults } = await plugin.scan({ path: archive });
console.log(scanResults.map(({ identity }) => identity.type).join(" "));
