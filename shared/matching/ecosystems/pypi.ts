import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "PyPI",
  type: "pypi",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["PyPI"], available) }),
  subject: binarySubject,
};
