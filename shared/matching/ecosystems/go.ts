import { type Ecosystem, present } from "../ecosystem.ts";

/** Modules by path, and the standard library as `stdlib`: https://go.dev/doc/security/vuln/database */
export const ecosystem: Ecosystem = {
  name: "Go",
  type: "golang",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["Go"], available) }),
  // Advisories write versions without `v`; `+incompatible` says that the module has no go.mod, nothing about the order.
  subject: ({ name, version }) => ({ name, version: version.replace(/^v/, "").replace(/\+incompatible$/, "") }),
};
