import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Arch",
  type: "alpm",
  kind: "os",
  // A rolling distribution: it has no releases.
  shards: (distribution, available) =>
    distribution?.id === "arch" ? { primary: present(["Arch"], available) } : undefined,
  subject: binarySubject,
};
