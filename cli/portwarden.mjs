#!/usr/bin/env node
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import v8 from "node:v8";

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
// Loading code makes V8 think that much is long-lived, and grow the space for new objects by 30 MB, which reading an
// image in pieces never needs. Other versions may not know the flag, and would say so.
if (process.versions.node.startsWith("24.")) v8.setFlagsFromString("--semi-space-growth-factor=1");
await import("./main.ts");
