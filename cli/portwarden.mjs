#!/usr/bin/env node
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(
    `portwarden needs Node 24 or newer; this is ${process.version}. In the checkout, npm scripts and npx bring their own.`,
  );
  process.exit(2);
}
// Compiled code is kept for the next start, which then takes half the time and 30 MB less. Where it cannot be written
// nothing is kept. A directory of the user's own: what stands in a shared one might be somebody else's code.
const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
module.enableCompileCache(join(cache, "portwarden", "code"));
await import("./main.ts");
