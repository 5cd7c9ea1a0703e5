#!/usr/bin/env node
if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(
    `portwarden needs Node 24 or newer; this is ${process.version}. In the checkout, npm scripts and npx bring their own.`,
  );
  process.exit(2);
}
await import("./main.ts");
