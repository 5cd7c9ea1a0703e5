import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Packagist",
  type: "composer",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["Packagist"], available) }),
  subject: binarySubject,
};
