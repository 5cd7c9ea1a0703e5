/**
 * The history of dnf, an SQLite database: which package came from which repository. Version 4 (also microdnf) keeps it
 * in `var/lib/dnf`, version 5 in `libdnf5/transaction_history.sqlite`, with names and architectures in tables of their
 * own. Schemas: `libdnf/transaction/` of https://github.com/rpm-software-management/libdnf, and
 * `libdnf5/transaction/db/` of https://github.com/rpm-software-management/dnf5.
 */
import { messageOf } from "../../../platform/errors.ts";
import type { Extractor, Facts, InstalledFrom, WantedFile } from "../../extractor.ts";
import { text } from "../../fields.ts";
import { type History, readHistory } from "./history.ts";

const databases = [
  "var/lib/dnf/history.sqlite",
  "usr/lib/sysimage/dnf/history.sqlite",
  "usr/lib/sysimage/libdnf5/transaction_history.sqlite",
];

export const extractor: Extractor = {
  name: "dnf-history",
  version: 2,
  kind: "os",
  wants: { paths: databases.flatMap((path) => [path, `${path}-wal`]) },
  mode: "buffer",
  maxBytes: 64 * 1024 * 1024,
  companions: (path) => (path.endsWith("-wal") ? [] : [`${path}-wal`]),
  extract(file) {
    // An empty file is one that dnf has not begun.
    if (file.path.endsWith("-wal") || file.content.length === 0) return {};
    try {
      return { installedFrom: [...latest(historyIn(file))] };
    } catch (thrown) {
      return { partial: [{ reason: "broken-history", detail: messageOf(thrown) }] } satisfies Facts;
    }
  },
};

function historyIn({ path, content, companions }: WantedFile): History {
  return readHistory(content, companions.get(`${path}-wal`), path.includes("libdnf5") ? 5 : 4);
}

/** Of each package the last transaction that brought it. */
function latest({ transactions, packages, repositories }: History): Iterable<InstalledFrom> {
  const found = new Map<number, InstalledFrom>();
  for (const { item, repository: id } of transactions) {
    const stated = packages.get(item);
    const repository = text(repositories.get(id), 256);
    const name = text(stated?.name, 256);
    const version = text(stated?.version, 256);
    const architecture = text(stated?.architecture, 64);
    if (!repository || repository.startsWith("@") || !name || !version || !architecture) continue;
    found.set(item, { type: "rpm", name, version, architecture, repository });
  }
  return found.values();
}
