/** Cargo's lock file, versions 1 to 4: https://doc.rust-lang.org/cargo/reference/lockfile.html */
import { parseToml } from "../../documents/toml.ts";
import { brokenDocument, itemsOf, member } from "../../documents/value.ts";
import { type LockFormat, lockFileExtractor } from "../../lock-file.ts";

const cargoLock: LockFormat = {
  wants: { basenames: ["Cargo.lock"] },
  read(content, lock) {
    const root = parseToml(content);
    if (member(root, "package") === undefined && member(root, "version") === undefined) {
      throw brokenDocument("no lock file of Cargo");
    }
    for (const one of itemsOf(member(root, "package"))) {
      // Without a source it is of the project's own workspace.
      if (member(one, "source") !== undefined) lock.add({ name: member(one, "name"), version: member(one, "version") });
    }
  },
};

export const extractor = lockFileExtractor({ name: "rust-lock", version: 1, type: "cargo", formats: [cargoLock] });
