/** What the header of an RPM package says of it. */
import type { PackageFacts } from "../../extractor.ts";
import { text } from "../../fields.ts";
import { type RpmHeader, tag } from "./header.ts";

/** Undefined without a usable name, version or release. */
export function rpmPackageOf(header: RpmHeader): PackageFacts | undefined {
  const name = text(header.text(tag.name));
  const version = text(header.text(tag.version));
  const release = text(header.text(tag.release));
  if (name === undefined || version === undefined || release === undefined) return undefined;
  const epoch = header.number(tag.epoch);
  const architecture = text(header.text(tag.architecture));
  const source = rpmSourceOf(text(header.text(tag.sourceRpm)));
  const license = text(header.text(tag.license));
  const vendor = text(header.text(tag.vendor));
  const modularity = text(header.text(tag.modularityLabel));
  return {
    type: "rpm",
    name,
    version: `${epoch === undefined ? "" : `${epoch}:`}${version}-${release}`,
    ...(architecture !== undefined && { architecture }),
    ...(source && { source }),
    ...(license !== undefined && { licenses: [license] }),
    ...(vendor !== undefined && { vendor }),
    ...(modularity !== undefined && { modularity }),
  };
}

/** `name-version-release.src.rpm` (or `.nosrc.rpm`); it carries no epoch. */
export function rpmSourceOf(file: string | undefined): { name: string; version: string } | undefined {
  const match = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(file ?? "");
  return match?.[1] === undefined || match[2] === undefined ? undefined : { name: match[1], version: match[2] };
}
