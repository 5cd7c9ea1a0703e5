import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Hex",
  type: "hex",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["Hex"], available) }),
  subject: binarySubject,
};
