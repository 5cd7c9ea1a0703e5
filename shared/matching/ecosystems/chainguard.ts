import { type Ecosystem, present } from "../ecosystem.ts";
import { sourceSubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Chainguard",
  type: "apk",
  kind: "os",
  shards: (distribution, available) =>
    distribution?.id === "chainguard" ? { primary: present(["Chainguard"], available) } : undefined,
  subject: sourceSubject,
};
