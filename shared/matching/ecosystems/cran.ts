import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "CRAN",
  type: "cran",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["CRAN"], available) }),
  subject: binarySubject,
};
