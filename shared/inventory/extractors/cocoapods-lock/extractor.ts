/** CocoaPods' lock file. `PODS` lists `name (version)`, with what it needs below; subspecs (`Pod/Part`) are parts of a pod. */
import { brokenDocument, isTrue, itemsOf, member, membersOf } from "../../documents/value.ts";
import { parseYaml } from "../../documents/yaml.ts";
import { type LockFormat, lockFileExtractor } from "../../lock-file.ts";

const podfileLock: LockFormat = {
  wants: { basenames: ["Podfile.lock"] },
  read(content, lock) {
    const [root] = parseYaml(content);
    if (member(root, "PODS") === undefined) throw brokenDocument("no lock file of CocoaPods");
    const folders = new Set(
      membersOf(member(root, "EXTERNAL SOURCES")).flatMap(([name, source]) => (isFolder(source) ? [name] : [])),
    );
    for (const one of itemsOf(member(root, "PODS"))) {
      const stated = typeof one === "string" ? one : membersOf(one)[0]?.[0];
      const [, name, version] = /^([^\s()]+)\s+\(([^()\s]+)\)$/.exec(stated ?? "") ?? [];
      const pod = name?.split("/", 1)[0];
      if (pod === undefined || !folders.has(pod)) lock.add({ name: pod, version: version ?? "" });
    }
  },
};

function isFolder(source: unknown): boolean {
  return member(source, ":path") !== undefined || isTrue(member(source, ":podspec"));
}

export const extractor = lockFileExtractor({
  name: "cocoapods-lock",
  version: 1,
  type: "cocoapods",
  formats: [podfileLock],
});
