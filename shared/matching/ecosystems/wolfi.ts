import { type Ecosystem, present } from "../ecosystem.ts";
import { sourceSubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Wolfi",
  type: "apk",
  kind: "os",
  shards: (distribution, available) =>
    distribution?.id === "wolfi" ? { primary: present(["Wolfi"], available) } : undefined,
  subject: sourceSubject,
};
