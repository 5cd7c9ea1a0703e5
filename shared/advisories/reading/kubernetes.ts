/**
 * Components of Kubernetes under the names of their Go modules, as OSV's ecosystem `Kubernetes` has them:
 * https://ossf.github.io/osv-schema/#defined-ecosystems . Versions are those of Kubernetes (1.29.3), which the modules
 * themselves do not have (v0.29.3): records are about programs (`Affected.source`), never about a module by its name.
 */
export const kubernetes = "Kubernetes";

const modules: Readonly<Record<string, string>> = {
  "kube-apiserver": "k8s.io/apiserver",
  "kube-controller-manager": "k8s.io/controller-manager",
  "kube-proxy": "k8s.io/kube-proxy",
  "kube-scheduler": "k8s.io/kube-scheduler",
  kubectl: "k8s.io/kubectl",
  kubelet: "k8s.io/kubelet",
};

/** The names of all programs of a release. */
export const kubernetesModules: readonly string[] = Object.values(modules);

/** `kube-apiserver` -> `k8s.io/apiserver`; others (`client-go`) are named as they are. */
export function kubernetesModule(component: string): string {
  return modules[component] ?? `k8s.io/${component}`;
}
