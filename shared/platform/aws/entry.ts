/**
 * The source of a Lambda bundle's entry: the door, the runtime, and exactly the adapters that the door declares, so
 * that a bundle carries no client it does not use.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { BuildOptions, Plugin } from "esbuild";
import type { Door } from "../door.ts";
import type { ServicePort } from "./providers.ts";

/** Each port's adapter module beside this file; each exports `provide`. */
const adapters: Readonly<Record<ServicePort, string>> = {
  table: "table.ts",
  blobs: "blobs.ts",
  bus: "bus.ts",
  queues: "queues.ts",
  secrets: "secrets.ts",
  mailer: "mailer.ts",
  credentials: "credentials.ts",
  ecs: "ecs.ts",
};

const fileOf = (name: string) => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));

/** The ports whose adapters the bundle of a door carries: those it declares, and the table for its quarantine. */
export function adaptersOf(door: Pick<Door, "kind" | "uses">): readonly ServicePort[] {
  const ports = Object.keys(adapters) as ServicePort[];
  return ports.filter((port) => door.uses[port] !== undefined || (port === "table" && door.kind !== "http"));
}

/**
 * TypeScript that exports `handler`, for esbuild's standard input (loader `ts`, any `resolveDir`). `modulePath` is the
 * absolute path of the module that exports `door`.
 */
export function entryFor(door: Pick<Door, "kind" | "uses">, modulePath: string): string {
  const provided: [string, string][] = adaptersOf(door).map((port) => [port, adapters[port]]);
  if (door.kind === "queue" || door.kind === "map") provided.push(["postpone", "postpone.ts"]);
  return [
    `import { door } from ${JSON.stringify(modulePath)};`,
    `import { lambdaHandler } from ${fileOf("lambda.ts")};`,
    ...provided.map(([name, file]) => `import { provide as ${name} } from ${fileOf(file)};`),
    `export const handler = lambdaHandler(door, { ${provided.map(([name]) => name).join(", ")} }, process.env);`,
    "",
  ].join("\n");
}

/** What the library of CVSS tells people of each metric is a third of it, and a function asks for numbers alone. */
const withoutDescriptions: Plugin = {
  name: "without-descriptions",
  setup(builder) {
    builder.onLoad({ filter: /[\\/]ae-cvss-calculator[\\/]dist[\\/][^\\/]+\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return {
        contents: text.replace(/\bdescription:(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/g, 'description:""'),
        loader: "js",
      };
    });
  },
};

/**
 * How a bundle is made: what the product's budgets (900 kB, 150 ms) were measured with. `module` before `main` picks
 * the SDK's tree-shakeable form; the banner gives `require` to the CommonJS parts that an ESM bundle carries.
 */
export const bundleOptions = {
  bundle: true,
  minify: true,
  format: "esm",
  platform: "node",
  target: "node24",
  mainFields: ["module", "main"],
  plugins: [withoutDescriptions],
  conditions: ["module"],
  legalComments: "none",
  outExtension: { ".js": ".mjs" },
  alias: {
    "@aws-sdk/credential-provider-node": fileURLToPath(new URL("lambda-credentials.ts", import.meta.url)),
    bowser: fileURLToPath(new URL("no-browser.ts", import.meta.url)),
  },
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
} satisfies BuildOptions;
