/**
 * SwiftPM's lock file, versions 1 to 3: pins by the address of their repository, which is how Swift packages are named.
 */
import { parseJson } from "../../documents/json.ts";
import { brokenDocument, itemsOf, member } from "../../documents/value.ts";
import { type LockFormat, lockFileExtractor } from "../../lock-file.ts";

const packageResolved: LockFormat = {
  wants: { basenames: ["Package.resolved"] },
  read(content, lock) {
    const root = parseJson(content);
    const pins = member(root, "pins") ?? member(member(root, "object"), "pins");
    if (!Array.isArray(pins)) throw brokenDocument("no lock file of SwiftPM");
    for (const pin of itemsOf(pins)) {
      if (member(pin, "kind") === "localSourceControl" || member(pin, "kind") === "fileSystem") continue;
      const address = member(pin, "location") ?? member(pin, "repositoryURL");
      const name = (typeof address === "string" ? nameOf(address) : undefined) ?? member(pin, "identity");
      const version = member(member(pin, "state"), "version");
      // A pin to a branch or a commit has null in its place, or nothing.
      lock.add({ name, ...(version !== null && version !== undefined && { version }) });
    }
  },
};

/** `https://host/owner/name.git` or `git@host:owner/name.git` as `host/owner/name`. */
function nameOf(address: string): string | undefined {
  const [, host, path] =
    /^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?([^/:]+)(?::\d+)?[/:](.+?)(?:\.git)?\/?$/i.exec(address.slice(0, 1024)) ?? [];
  return host === undefined || path === undefined ? undefined : `${host.toLowerCase()}/${path}`;
}

export const extractor = lockFileExtractor({
  name: "swift-lock",
  version: 1,
  type: "swift",
  formats: [packageResolved],
});
