import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

/** By `group:artifact`, exactly: `poi` is not `poi-scratchpad`, and no other group's `core` is this one's. */
export const ecosystem: Ecosystem = {
  name: "Maven",
  type: "maven",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["Maven"], available) }),
  subject: binarySubject,
  // An archive of which only the file's name speaks.
  unknown: ({ name }) => (/^[^:]+:[^:]+$/.test(name) ? undefined : "group-unknown"),
};
