/**
 * Requirements that are pinned (`name==1.2.3`), in the files that pip reads them from:
 * https://pip.pypa.io/en/stable/reference/requirements-file-format/. Others state no version: they are wishes, not
 * packages, and are left out.
 */
import type { LockFormat } from "../../lock-file.ts";

/** PEP 508: name, extras, and one clause `==` or `===` without wildcard. */
const pinned =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:\(\s*)?===?\s*([A-Za-z0-9][A-Za-z0-9.!+_-]*)\s*\)?\s*(?=$|[;#\\]|--)/;

export const requirements: LockFormat = {
  wants: {
    suffixes: [".txt"],
    accept: (path) => /(^|\/)([^/]*[-_.])?requirements([-_.][^/]*)?\.txt$|(^|\/)requirements\/[^/]+\.txt$/i.test(path),
  },
  read(content, lock) {
    const base = lock.path.slice(lock.path.lastIndexOf("/") + 1);
    const development = /(^|[-_.])(dev|devel|development|test|tests|testing|lint|doc|docs)([-_.]|$)/i.test(base);
    for (const line of content.split("\n")) {
      const [, name, version] = pinned.exec(line.slice(0, 4096).trim()) ?? [];
      if (name !== undefined && version !== undefined) lock.add({ name, version, development });
    }
  },
};
