/** Real documents of the advisory side: a few of each file beside the checkout, by the feed that reads them; and VEX. */
import { globSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { feeds } from "../../shared/advisories/registry.generated.ts";
import { decompressed } from "../../shared/advisories/sources/compressed.ts";
import { documentsOf } from "../../shared/advisories/sources/files.ts";
import { tarFiles } from "../../shared/advisories/sources/tar.ts";
import { xmlDocuments } from "../../shared/advisories/sources/xml-documents.ts";
import type { Feed } from "../../shared/advisories/types.ts";
import { madeUpAdvisories, madeUpVex } from "./made-up-advisories.ts";
import type { Sample } from "./samples.ts";

/** Larger documents are left out: cut off they would only be that. */
const mostBytes = 64 * 1024;
const perFile = 6;
const perFeed = 24;
const perForm = 24;

export interface AdvisorySamples {
  /** By the name of the feed. */
  readonly documents: ReadonlyMap<string, readonly Sample[]>;
  readonly vex: readonly Sample[];
}

/** @param data the folder of real data; undefined: only made-up samples */
export async function collectAdvisorySamples(data: string | undefined): Promise<AdvisorySamples> {
  const documents = new Map<string, Sample[]>(feeds.map(({ name }) => [name, [...(madeUpAdvisories[name] ?? [])]]));
  const vex: Sample[] = [...madeUpVex];
  if (data === undefined) return { documents, vex };
  for (const path of globSync(`${data}/advisories/**/*`).sort()) {
    if (statSync(path).isFile()) await fromFile(path, documents);
  }
  for (const path of globSync(`${data}/feed-samples/*.tar.zst`).sort()) await fromSamples(path, documents, vex);
  return { documents, vex };
}

const allFeeds: readonly Feed[] = feeds;

/** Whether it was kept. */
function keep(documents: ReadonlyMap<string, Sample[]>, path: string, content: Buffer): boolean {
  if (content.length === 0 || content.length > mostBytes) return false;
  const feed = allFeeds.find((one) => one.recognises(content, path));
  const list = feed && documents.get(feed.name);
  if (list === undefined || list.length >= perFeed) return false;
  list.push({ path, content: Buffer.from(content) });
  return true;
}

async function fromFile(path: string, documents: ReadonlyMap<string, Sample[]>): Promise<void> {
  let kept = 0;
  let seen = 0;
  for await (const { bytes, entry } of documentsOf(path, basename(path))) {
    if (keep(documents, entry ?? basename(path), bytes)) kept++;
    if (kept === perFile || ++seen === 200) return;
  }
}

const isVex = /openvex|csaf|cyclonedx|sigstore|attestation|bom\.json|vex\.json|test_files\/.*\.json/i;

async function fromSamples(path: string, documents: ReadonlyMap<string, Sample[]>, vex: Sample[]): Promise<void> {
  const bytes = readFileSync(path);
  const forms = new Map<string, number>();
  for await (const { name, bytes: content } of tarFiles(decompressed(once(bytes)), () => true, 2 << 20)) {
    if (content === undefined || content.length > 8 * mostBytes) continue;
    if (isVex.test(name) && content.length <= mostBytes && content[0] === 0x7b) {
      const form = basename(path);
      const count = forms.get(form) ?? 0;
      if (count < perForm / 3) vex.push({ path: name, content: Buffer.from(content) });
      forms.set(form, count + 1);
    }
    if (content.subarray(0, 400).includes("oval_definitions")) {
      let taken = 0;
      for await (const document of xmlDocuments(once(content), basename(name))) {
        keep(documents, document.entry ?? document.file, document.bytes);
        if (++taken === perFile) break;
      }
    } else keep(documents, name, content);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
