import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "crates.io",
  type: "cargo",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["crates.io"], available) }),
  subject: binarySubject,
};
