import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "ConanCenter",
  type: "conan",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["ConanCenter"], available) }),
  subject: binarySubject,
};
