import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "NuGet",
  type: "nuget",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["NuGet"], available) }),
  subject: binarySubject,
};
