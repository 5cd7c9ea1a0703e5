import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

/** Components of Bitnami's images, by Bitnami's own records. */
export const ecosystem: Ecosystem = {
  name: "Bitnami",
  type: "bitnami",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["Bitnami"], available) }),
  subject: binarySubject,
};
