/** Headers of an RPM database as packages, with the language evidence that each installed. */
import type { WantedFile } from "../../extractor.ts";
import type { FactsBuilder } from "../../fields.ts";
import { filesOf, type RpmHeader, readRpmHeader } from "./header.ts";
import { rpmPackageOf } from "./package.ts";

export interface Headers {
  /** The bytes of a header; undefined where they are not to be found. Returns its number among the facts' packages. */
  add(blob: Buffer | undefined): number | "broken";
  /** Whether there are as many packages as an image may have: no more are taken. */
  isFull(): boolean;
}

export function headersInto(facts: FactsBuilder, file: Pick<WantedFile, "isLanguageEvidence">): Headers {
  let count = 0;
  let isFull = false;
  return {
    isFull: () => isFull,
    add(blob) {
      const header = blob && headerOf(blob);
      const one = header && rpmPackageOf(header);
      if (header === undefined || one === undefined || isFull) {
        if (!isFull) facts.broken();
        return "broken";
      }
      isFull = !facts.add(one);
      if (isFull) return "broken";
      facts.own({ type: "rpm", name: one.name, version: one.version }, evidenceIn(header, file));
      return count++;
    },
  };
}

function headerOf(blob: Buffer): RpmHeader | undefined {
  try {
    return readRpmHeader(blob);
  } catch {
    return undefined;
  }
}

function evidenceIn(header: RpmHeader, file: Pick<WantedFile, "isLanguageEvidence">): readonly string[] {
  const found: string[] = [];
  for (const path of filesOf(header)) if (file.isLanguageEvidence(path)) found.push(path);
  return found;
}
