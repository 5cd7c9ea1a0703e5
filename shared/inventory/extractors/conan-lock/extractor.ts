/**
 * Conan's lock files: version 0.4 (Conan 1) holds a graph, 0.5 (Conan 2) lists of references
 * `name/version@user/channel#revision%time`. https://docs.conan.io/2/tutorial/versioning/lockfiles.html
 */
import { parseJson } from "../../documents/json.ts";
import { brokenDocument, itemsOf, member, membersOf } from "../../documents/value.ts";
import { type Lock, type LockFormat, lockFileExtractor } from "../../lock-file.ts";

const conanLock: LockFormat = {
  wants: { basenames: ["conan.lock"] },
  read(content, lock) {
    const root = parseJson(content);
    const nodes = member(member(root, "graph_lock"), "nodes");
    if (nodes === undefined && member(root, "requires") === undefined) throw brokenDocument("no lock file of Conan");
    for (const [, node] of membersOf(nodes)) {
      // The project itself has a reference without version, or none.
      const reference = member(node, "ref") ?? member(node, "pref");
      if (typeof reference === "string" && reference.includes("/")) {
        report(reference, member(node, "context") === "build", lock);
      }
    }
    for (const reference of itemsOf(member(root, "requires"))) report(reference, false, lock);
    for (const kind of ["build_requires", "python_requires"]) {
      for (const reference of itemsOf(member(root, kind))) report(reference, true, lock);
    }
  },
};

function report(reference: unknown, development: boolean, lock: Lock): void {
  const [, name, version, user, channel] =
    typeof reference === "string"
      ? (/^([^/@#%]+)\/([^/@#%]+)(?:@([^/#%]*)(?:\/([^#%]*))?)?/.exec(reference) ?? [])
      : [];
  const qualifiers = { ...(user && { user }), ...(channel && { channel }) };
  lock.add({ name, version: version ?? "", development, ...(Object.keys(qualifiers).length > 0 && { qualifiers }) });
}

export const extractor = lockFileExtractor({ name: "conan-lock", version: 1, type: "conan", formats: [conanLock] });
