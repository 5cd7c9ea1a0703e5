import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Pub",
  type: "pub",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["Pub"], available) }),
  subject: binarySubject,
};
