/** NuGet's lock file: https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files#locking-dependencies */
import { parseJson } from "../../documents/json.ts";
import { brokenDocument, member, membersOf } from "../../documents/value.ts";
import { type LockFormat, lockFileExtractor } from "../../lock-file.ts";

const packagesLock: LockFormat = {
  wants: { basenames: ["packages.lock.json"] },
  read(content, lock) {
    const dependencies = member(parseJson(content), "dependencies");
    if (dependencies === undefined) throw brokenDocument("no lock file of NuGet");
    for (const [name, one] of membersOf(dependencies).flatMap(([, framework]) => membersOf(framework))) {
      if (member(one, "type") !== "Project") lock.add({ name, version: member(one, "resolved") });
    }
  },
};

export const extractor = lockFileExtractor({ name: "dotnet-lock", version: 1, type: "nuget", formats: [packagesLock] });
