import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuiltImage, buildImage, type LayerFile } from "./build-image.ts";

const modules = fileURLToPath(new URL("../../node_modules/", import.meta.url));

/** The files of an installed package, as they would stand in an application's image. */
function packageFiles(installed: string, name: string): LayerFile[] {
  const root = join(modules, installed);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path: `app/node_modules/${name}/${path.slice(root.length + 1)}`, content: readFileSync(path) };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const application: LayerFile[] = [
  { path: "app/package.json", content: '{"name":"shop","version":"1.0.0"}\n' },
  { path: "app/index.js", content: 'console.log("hello");\n' },
];

/** A small application image: real packages from node_modules, of versions with known vulnerabilities. */
export function vulnerableImage(): BuiltImage {
  return image("npm ci", [
    ...packageFiles("demo-minimist", "minimist"),
    ...packageFiles("demo-ini", "ini"),
    ...packageFiles("demo-y18n", "y18n"),
  ]);
}

/** The same application a commit later: one package upgraded, one no longer used. */
export function betterImage(): BuiltImage {
  return image("npm ci # upgraded", [
    ...packageFiles("demo-minimist-fixed", "minimist"),
    ...packageFiles("demo-ini", "ini"),
  ]);
}

function image(step: string, packages: readonly LayerFile[]): BuiltImage {
  return buildImage({
    layers: [
      { files: application, createdBy: "COPY . /app" },
      { files: packages, createdBy: `RUN ${step}` },
    ],
    config: { WorkingDir: "/app", Cmd: ["node", "index.js"] },
  });
}
