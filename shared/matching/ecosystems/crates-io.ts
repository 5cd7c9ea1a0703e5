import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "crates.io",
  type: "cargo",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["crates.io"], available) }),
  subject: binarySubject,
  // A crate of another registry, of git or of a path may share no more than the name.
  thirdParty: ({ build }) => (build?.["source"] === "crates.io" ? undefined : build?.["source"]),
};
