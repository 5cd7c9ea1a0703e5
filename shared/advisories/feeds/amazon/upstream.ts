/** Repositories of Amazon Linux: a list of mirrors leads to repomd.xml, and that to updateinfo.xml with its checksum. */
import { PermanentError } from "../../../platform/errors.ts";
import { child, parseXml } from "../../sources/xml.ts";
import { xmlDocumentsIn } from "../../sources/xml-documents.ts";
import type { FeedUpstream, Fetched, Fetcher } from "../../types.ts";

/** Updates name the builds for all architectures, so one of them is asked. */
const arch = "x86_64";

/** Where each repository tells its mirrors. Release 1 ended in 2023, and its mirrors have no https. */
const mirrorLists: Readonly<Record<string, string>> = {
  "2": `2/core/latest/${arch}/mirror.list`,
  "2-livepatch": `2/extras/livepatch/latest/${arch}/mirror.list`,
  "2023": `al2023/core/mirrors/latest/${arch}/mirror.list`,
  "2023-livepatch": `al2023/kernel-livepatch/mirrors/latest/${arch}/mirror.list`,
};

/** The topics of release 2 that have advisories, each a repository of its own. */
const extras =
  "ansible2 corretto8 dnsmasq docker ecs firefox golang1.19 graphicsmagick1.3 haproxy2 httpd_modules java-openjdk11 kernel-5.4 kernel-5.10 kernel-5.15 libreoffice lynis mariadb10.5 mate-desktop1.x mono nginx1 aws-nitro-enclaves-cli php8.0 php8.1 php8.2 postgresql11 postgresql12 postgresql13 postgresql14 python3.8 R3.4 R4 redis6 ruby2.6 ruby3.0 selinux-ng squid4 tomcat8.5 tomcat9 unbound".split(
    " ",
  );

function mirrorListOf(part: string): string {
  const topic = part.startsWith("2-extras/") ? part.slice("2-extras/".length) : undefined;
  const path = topic === undefined ? mirrorLists[part] : `2/extras/${topic}/latest/${arch}/mirror.list`;
  if (path === undefined) throw new PermanentError("advisories-refused", `no repository ${part}`);
  return path;
}

/** The first mirror, as a path below the base: a configured base stands for all of them. */
function firstMirror(list: Buffer): string {
  const first = list
    .toString("utf8")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .find((line) => /^https?:\/\/[\w.:-]+\/[\w./-]+$/.test(line));
  if (first === undefined || first.includes("..")) {
    throw new PermanentError("advisories-refused", "the list of mirrors has none");
  }
  return new URL(first).pathname.replace(/^\/+|\/+$/g, "");
}

interface UpdateInfo {
  readonly path: string;
  readonly sha256: string;
}

function updateInfoOf(repomd: Buffer): UpdateInfo {
  const data = parseXml(repomd).children.find(({ attributes }) => attributes["type"] === "updateinfo");
  const path = child(data, "location")?.attributes["href"] ?? "";
  const checksum = child(data, "checksum");
  if (!/^[\w./-]+$/.test(path) || path.includes("..") || checksum?.attributes["type"] !== "sha256") {
    throw new PermanentError("advisories-refused", "repomd.xml names no updateinfo with a SHA-256 checksum");
  }
  return { path, sha256: checksum.text };
}

async function fetchRepository(part: string, fetcher: Fetcher): Promise<Fetched> {
  const mirror = firstMirror(await fetcher.bytes(mirrorListOf(part), { mostBytes: 1 << 20 }));
  const info = updateInfoOf(await fetcher.bytes(`${mirror}/repodata/repomd.xml`, { mostBytes: 1 << 22 }));
  // What the checksum names has been read already.
  if (fetcher.cursors["updateinfo"] === info.sha256) return { unchanged: true };
  const cursors = () => ({ updateinfo: info.sha256 });
  const fetched = await fetcher.file(`${mirror}/${info.path}`, { sha256: info.sha256 });
  if (fetched.unchanged) return fetched;
  const documents = xmlDocumentsIn(fetched.path, `${part}/updateinfo.xml`);
  return { unchanged: false, extent: "whole", documents, cursors };
}

export const upstream: FeedUpstream = {
  url: "https://cdn.amazonlinux.com",
  enabled: true,
  attribution: "Amazon Linux Security Center, https://alas.aws.amazon.com/",
  redistributable: true,
  staleAfterHours: 72,
  parts: (wants) =>
    wants("Amazon Linux") ? [...Object.keys(mirrorLists), ...extras.map((topic) => `2-extras/${topic}`)] : [],
  fetch: fetchRepository,
};
