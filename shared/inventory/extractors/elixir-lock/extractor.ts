/**
 * Mix's lock file, an Elixir map with one dependency a line: `"name": {:hex, :package, "1.2.3", ...}` or
 * `"name": {:git, "https://...", "commit", ...}`.
 */
import { brokenDocument } from "../../documents/value.ts";
import { type LockFormat, lockFileExtractor } from "../../lock-file.ts";

const mixLock: LockFormat = {
  wants: { basenames: ["mix.lock"] },
  read(content, lock) {
    if (!/^\s*%\{/.test(content)) throw brokenDocument("no lock file of Mix");
    for (const line of content.split("\n")) {
      const entry = /^(?:%\{\s*)?(?:"([^"]+)"|([a-z_]\w*))\s*(?::|=>)\s*\{:(\w+),\s*(.*)$/.exec(
        line.slice(0, 65_536).trim(),
      );
      if (entry === null) continue;
      const [, quoted, bare, source, rest = ""] = entry;
      const [, atom, text, version] = /^:(?:"([^"]+)"|(\w+)),\s*"([^"]+)"/.exec(rest) ?? [];
      if (source === "hex") lock.add({ name: atom ?? text ?? quoted ?? bare, version: version ?? "" });
      else if (source !== "path") lock.unstated(quoted ?? bare);
    }
  },
};

export const extractor = lockFileExtractor({ name: "elixir-lock", version: 1, type: "hex", formats: [mixLock] });
