import type { Package } from "../../inventory/types.ts";
import { type Ecosystem, present, type Subject } from "../ecosystem.ts";

/** What `Gem::Platform` puts behind a version: https://docs.ruby-lang.org/en/master/Gem/Platform.html */
const platform =
  /-(?:java|jruby|dalvik|mswin[0-9]*|mingw[0-9]*|(?:universal|x86|x64|x86_64|i[3-6]86|amd64|arm|armv[0-9][a-z0-9]*|arm64|aarch64|powerpc|ppc|ppc64|ppc64le|s390x|riscv64|loongarch64|sparc)-[0-9A-Za-z_-]+)$/;

/** A gem built for one platform is the same version of the same gem. */
function subject({ name, version, qualifiers }: Package): Subject {
  const own = qualifiers?.["platform"];
  if (own !== undefined && version.endsWith(`-${own}`)) return { name, version: version.slice(0, -own.length - 1) };
  return { name, version: version.replace(platform, "") };
}

export const ecosystem: Ecosystem = {
  name: "RubyGems",
  type: "gem",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["RubyGems"], available) }),
  subject,
};
