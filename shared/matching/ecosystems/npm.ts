import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "npm",
  type: "npm",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["npm"], available) }),
  subject: binarySubject,
};
