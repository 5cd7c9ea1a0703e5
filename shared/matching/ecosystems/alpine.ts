import { type Ecosystem, present } from "../ecosystem.ts";
import { sourceSubject } from "../subjects.ts";

export const ecosystem: Ecosystem = {
  name: "Alpine",
  type: "apk",
  kind: "os",
  shards(distribution, available, repositories = []) {
    if (distribution?.id !== "alpine") return undefined;
    // A release that was moved to edge keeps its os-release until the package that brings it is upgraded.
    const branches = repositories.flatMap(({ type, tag, release }) =>
      type === "apk" && tag === undefined ? release : [],
    );
    if (branches.length > 0 && branches.every((branch) => branch === "edge")) {
      return { primary: present(["Alpine:edge"], available) };
    }
    // `3.20.3` is of the branch v3.20; edge calls itself `3.21_alpha20240807`.
    const [, release, suffix] =
      /^([0-9]+\.[0-9]+)(?:\.[0-9]+)?(?:_([a-z]+)[0-9]*)?$/.exec(distribution.versionId ?? "") ?? [];
    if (release === undefined) return { primary: [] };
    return { primary: present([suffix === "alpha" ? "Alpine:edge" : `Alpine:v${release}`], available) };
  },
  // The origin, but at the package's own version: apk has one version for all packages of an origin.
  subject: sourceSubject,
};
