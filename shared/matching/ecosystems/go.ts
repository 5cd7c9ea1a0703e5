import { kubernetesModule } from "../../advisories/reading/kubernetes.ts";
import type { Package } from "../../inventory/types.ts";
import { type Ecosystem, present, type Subject } from "../ecosystem.ts";

/** Advisories write versions without `v`; `+incompatible` says that the module has no go.mod, nothing about the order. */
function moduleSubject({ name, version }: Package): Subject {
  return { name, version: version.replace(/^v/, "").replace(/\+incompatible$/, "") };
}

/** What Kubernetes publishes of its components goes by the program, not by the modules that it is made of. */
function componentSubject(item: Package): Subject {
  const { version } = moduleSubject(item);
  const component = /^k8s\.io\/kubernetes\/cmd\/([a-z][a-z-]*)$/.exec(item.build?.["path"] ?? "")?.[1];
  if (item.name === "k8s.io/kubernetes" && component !== undefined)
    return { name: kubernetesModule(component), version };
  // Its modules on their own have other versions than it (v0.29.3 in 1.29.3).
  return { name: item.name.startsWith("k8s.io/") ? "" : item.name, version };
}

/** Modules by path, and the standard library as `stdlib`: https://go.dev/doc/security/vuln/database */
export const ecosystem: Ecosystem = {
  name: "Go",
  type: "golang",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["Go", "Kubernetes"], available) }),
  subject: moduleSubject,
  sourceSubject: componentSubject,
};
