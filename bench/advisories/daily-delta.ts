/** A day's changes over HTTP: a local server laid out as OSV's export, filled from real records. */
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { feeds } from "../../shared/advisories/registry.generated.ts";
import { changedPackages } from "../../shared/advisories/set/diff.ts";
import { advisorySettings } from "../../shared/advisories/settings.ts";
import { documentsBelow } from "../../shared/advisories/sources/files.ts";
import { updateAdvisories } from "../../shared/advisories/update/update.ts";
import { embeddedBlobs } from "../../shared/platform/embedded/blobs.ts";
import { median } from "../inventory/measure.ts";

/** About what npm, PyPI, Go and Debian together change in a day. */
const changedADay = 300;
const sources = [
  ["Debian", "debian"],
  ["npm", "ghsa"],
  ["PyPI", "pypi-osv"],
  ["Go", "go"],
] as const;

interface OsvRecord {
  readonly id: string;
  readonly modified: string;
  readonly affected?: readonly { readonly package?: { readonly ecosystem: string } }[];
}

/** A zip of stored entries: APPNOTE 4.3.6. */
function zip(entries: ReadonlyMap<string, Buffer>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of entries) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt32LE(zlib.crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), fields, Buffer.from(name), data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), fields, rest, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, central, Buffer.from("PK\x05\x06"), end]);
}

async function recordsOf(folder: string, ecosystem: string): Promise<Map<string, OsvRecord>> {
  const records = new Map<string, OsvRecord>();
  for await (const { bytes } of documentsBelow(folder, () => undefined)) {
    let record: OsvRecord;
    try {
      record = JSON.parse(bytes.toString("utf8")) as OsvRecord;
    } catch {
      continue;
    }
    const isOf = record.affected?.some((one) => one.package?.ecosystem.split(":")[0] === ecosystem) === true;
    // The git form of some has a placeholder instead of the time.
    if (isOf)
      records.set(record.id, record.modified > "1970" ? record : { ...record, modified: "2025-01-01T00:00:00Z" });
  }
  return records;
}

export async function dailyDelta(from: string, rounds: number, scratch: string): Promise<void> {
  const files = new Map<string, Buffer>();
  const publish = (ecosystem: string, records: ReadonlyMap<string, OsvRecord>) => {
    const entries = new Map([...records].map(([id, record]) => [`${id}.json`, Buffer.from(JSON.stringify(record))]));
    const newestFirst = [...records.values()].sort((a, b) => (a.modified < b.modified ? 1 : -1));
    files.set(`/${ecosystem}/all.zip`, zip(entries));
    files.set(
      `/${ecosystem}/modified_id.csv`,
      Buffer.from(newestFirst.map(({ modified, id }) => `${modified},${id}\n`).join("")),
    );
    for (const [name, bytes] of entries) files.set(`/${ecosystem}/${name}`, bytes);
  };
  const server = createServer((request, response) => {
    const body = files.get(decodeURIComponent(request.url ?? ""));
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": body.length }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const all = new Map<string, Map<string, OsvRecord>>();
  for (const [ecosystem, folder] of sources) all.set(ecosystem, await recordsOf(join(from, folder), ecosystem));
  for (const [ecosystem, records] of all) publish(ecosystem, records);

  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const data = join(scratch, "delta");
  const ports = { blobs: embeddedBlobs(data), clock: { now: () => Date.now() }, log: quiet, progress: { report() {} } };
  const settings = advisorySettings.parse({
    upstream: `http://127.0.0.1:${port}`,
    ecosystems: [...all.keys()],
    feeds: Object.fromEntries(feeds.map(({ name }) => [name, { enabled: name === "osv" }])),
  });
  const started = performance.now();
  await updateAdvisories(ports, settings);
  const whole = (performance.now() - started) / 1000;
  const seconds: number[] = [];
  let changed = 0;
  for (let round = 0; round < rounds; round++) {
    const time = new Date(Date.now() + round * 1000).toISOString();
    for (const [ecosystem, records] of all) {
      const share = Math.ceil(changedADay / all.size);
      const step = Math.max(1, Math.floor(records.size / share));
      for (const [index, [id, record]] of [...records].entries()) {
        if (index % step === round)
          records.set(id, {
            ...record,
            modified: time,
            severity: [{ type: "CVSS_V3", score: vectors[round % 2] }],
          } as OsvRecord);
      }
      publish(ecosystem, records);
    }
    const before = performance.now();
    const { manifests } = await updateAdvisories(ports, settings);
    seconds.push((performance.now() - before) / 1000);
    changed = 0;
    for await (const _ of changedPackages(ports.blobs, manifests.before, manifests.after)) changed++;
  }
  server.close();
  rmSync(data, { recursive: true, force: true });
  const size = [...all.values()].reduce((sum, records) => sum + records.size, 0);
  console.log(
    `\na day's ${changedADay} changed records of ${size} (${[...all.keys()].join(", ")}): ${median(seconds).toFixed(2)} s`,
  );
  console.log(
    `  target 10 s; reading them all took ${whole.toFixed(1)} s; ${changed} packages changed; median of ${rounds}`,
  );
}

const vectors = ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"];
