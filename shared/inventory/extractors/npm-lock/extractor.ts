/** Lock files of npm, Yarn, pnpm and Bun. */
import { lockFileExtractor } from "../../lock-file.ts";
import { bunLock } from "./bun-lock.ts";
import { packageLock } from "./package-lock.ts";
import { pnpmLock } from "./pnpm-lock.ts";
import { yarnLock } from "./yarn-lock.ts";

export const extractor = lockFileExtractor({
  name: "npm-lock",
  version: 2,
  type: "npm",
  formats: [packageLock, yarnLock, pnpmLock, bunLock],
});
