/** The repositories of apk: https://wiki.alpinelinux.org/wiki/Repositories, one per line, some with a tag. */
import type { Facts } from "../../extractor.ts";
import { linesOf, text } from "../../fields.ts";

const maximumRepositories = 200;

type Found = NonNullable<Facts["repositories"]>[number];

export function readRepositories(content: Buffer): Facts {
  const repositories: Found[] = [];
  for (const line of linesOf(content)) {
    const one = repositoryOf(line);
    if (one === undefined) continue;
    if (repositories.length >= maximumRepositories) {
      const detail = `only the first ${maximumRepositories} repositories were read`;
      return { repositories, partial: [{ reason: "repositories", detail }] };
    }
    repositories.push(one);
  }
  return { repositories };
}

/** `[@tag] address`, where the address ends in branch and component on Alpine's mirrors. */
function repositoryOf(line: string): Found | undefined {
  const words = line.trim().split(/\s+/, 3);
  if (words[0] === undefined || words[0] === "" || words[0].startsWith("#")) return undefined;
  const tag = words[0].startsWith("@") ? text(words[0].slice(1), 64) : undefined;
  const url = withoutCredentials(text(tag === undefined ? words[0] : words[1], 1024));
  if (url === undefined) return undefined;
  const [, release, component] = /\/(edge|latest-stable|v[0-9]+\.[0-9]+)\/([^/?#]+)\/?$/.exec(url) ?? [];
  return {
    type: "apk",
    url,
    ...(release !== undefined && { release }),
    ...(component !== undefined && { component }),
    ...(tag !== undefined && { tag }),
  };
}

/**
 * A directory of the image stays as it is; user, password, query and fragment of a web address are left out, and so is
 * an address in which they stand where they should not.
 */
function withoutCredentials(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const bare = address.startsWith("/") ? address : webAddress(address);
  return bare?.includes("@") ? undefined : bare;
}

function webAddress(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}
