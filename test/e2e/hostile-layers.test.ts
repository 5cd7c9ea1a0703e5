/** Layers that mean harm by number and size, read in a process whose heap would not hold them. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { HostileResult } from "../shared/inventory/hostile-layers.ts";

const script = fileURLToPath(new URL("../shared/inventory/hostile-layers.ts", import.meta.url));

describe("hostile layers", () => {
  it("end in a partial result that says why, in bounded memory", () => {
    const child = spawnSync(process.execPath, ["--max-old-space-size=200", script], { encoding: "utf8" });
    expect(child.stderr).toBe("");
    const results: HostileResult[] = child.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(Object.fromEntries(results.map(({ layer, reasons }) => [layer, reasons]))).toEqual({
      "a million symlinks": ["linksPerLayer"],
      "hard links": ["hard-link", "partialPerLayer"],
      "a hard link replaced again and again": ["linksPerLayer"],
      whiteouts: ["whiteoutsPerLayer"],
      "broken files": ["unreadable-file", "partialPerLayer"],
      "sparse files": ["sparse-file", "partialPerLayer"],
      "links with long names": ["linkTextPerLayer"],
      "deep names": ["pathDepth", "leadingDirectoriesPerLayer"],
      "set-user-ID files": ["privilegedFilesPerLayer"],
    });
    expect(Math.max(...results.map(({ peak }) => peak))).toBeLessThan(700);
  });
});
