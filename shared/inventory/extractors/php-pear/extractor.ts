/**
 * Packages that PEAR and PECL installed (`pecl install redis`): `.registry/<package>.reg` of PEAR's own channel, and
 * `.registry/.channel.<channel>/<package>.reg` of others, each with the package's description as PHP serialises it.
 * https://pear.php.net/manual/en/guide.developers.package2.php. `name` is `channel/Package`.
 */
import { parsePhpSerialized } from "../../documents/php-serialized.ts";
import { member, membersOf } from "../../documents/value.ts";
import type { Extractor, PackageFacts } from "../../extractor.ts";
import { text } from "../../fields.ts";

const place = /(?:^|\/)\.registry\/(?:\.channel\.([^/]+)\/)?[^/]+\.reg$/;
const ownChannel = "pear.php.net";
const validName = /^[A-Za-z0-9_.-]+$/;
const validChannel = /^[A-Za-z0-9_.:-]+$/;

export const extractor: Extractor = {
  name: "php-pear",
  version: 1,
  kind: "language",
  wants: { suffixes: [".reg"], accept: (path) => place.test(path) },
  mode: "buffer",
  maxBytes: 8 * 1024 * 1024,
  extract({ path, content }) {
    const one = packageOf(parsePhpSerialized(content), place.exec(path)?.[1] ?? ownChannel);
    return one === undefined
      ? { partial: [{ reason: "broken-record", detail: "no usable name or version" }] }
      : { packages: [one] };
  },
};

/** Version 2 of the format; version 1 has `package` and a plain `version`, and no channel. */
function packageOf(record: unknown, channelOfPath: string): PackageFacts | undefined {
  const name = text(member(record, "name") ?? member(record, "package"), 256);
  const stated = member(record, "version");
  const version = text(member(stated, "release") ?? stated, 128);
  const channel = text(member(record, "channel") ?? channelOfPath, 256);
  if (name === undefined || version === undefined || channel === undefined) return undefined;
  if (!validName.test(name) || !/^\d/.test(version) || !validChannel.test(channel)) return undefined;
  const licenses = licensesIn(member(record, "license"));
  return {
    type: "pear",
    name: `${channel}/${name}`,
    version,
    ...(licenses.length > 0 && { licenses }),
  };
}

/** A text, one with attributes beside it (`_content`), or a list of either. */
function licensesIn(stated: unknown): readonly string[] {
  const listed = member(stated, "_content") === undefined ? membersOf(stated).map(([, one]) => one) : [stated];
  const all = typeof stated === "string" ? [stated] : listed;
  return all.slice(0, 20).flatMap((one) => text(member(one, "_content") ?? one) ?? []);
}
