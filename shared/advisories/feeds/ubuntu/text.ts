/**
 * A file of the Ubuntu CVE tracker (`active/CVE-2022-0001`) as the record it stands for:
 *
 *     Candidate: CVE-2022-0001
 *     Priority: medium
 *      reason for the priority
 *     jammy_openssl: released (3.0.2-0ubuntu1.2)
 *     esm-infra/xenial_openssl: needed
 *     Priority_openssl: low
 *     Priority_openssl_jammy: high
 */
import type { PackageStatus, TrackerRecord } from "./schema.ts";

const field = /^([A-Za-z][\w-]*|[a-z][a-z0-9/-]*_[a-z0-9][a-z0-9+.-]*|[A-Z][a-z]+_[a-z0-9][\w+.-]*): ?(.*)$/;
const statusLine = /^([A-Za-z-]+)(?: +\((.*)\)?)?$/;

/** Fields with the lines that belong to them; comments and empty lines are left out. */
function fieldsOf(text: string): readonly (readonly [name: string, lines: readonly string[]])[] {
  const fields: (readonly [string, string[]])[] = [];
  for (const line of text.split("\n")) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name, value = ""] = /^\s/.test(line) ? [] : (field.exec(line.trimEnd()) ?? []);
    if (name !== undefined) fields.push([name, [value.trim()]]);
    else fields.at(-1)?.[1].push(line.trim());
  }
  return fields;
}

function readStatus(value: string): PackageStatus | undefined {
  const [, status, note] = statusLine.exec(value) ?? [];
  if (status === undefined) return undefined;
  return { status, ...(note !== undefined && { note: note.replace(/\)$/, "") }) };
}

/** What the file says, unchecked. */
export function recordOfText(text: string): Record<string, unknown> {
  const packages: Record<string, Record<string, PackageStatus>> = {};
  const record: Record<string, unknown> = {};
  const priorities: (readonly [source: string, release: string | undefined, priority: string])[] = [];
  for (const [name, lines] of fieldsOf(text)) {
    const [value = ""] = lines;
    const separator = name.indexOf("_");
    if (name === "Candidate") record["candidate"] = value;
    else if (name === "PublicDate") record["public_date"] = value;
    else if (name === "Priority") record["priority"] = value.split(/\s/, 1)[0];
    else if (name === "Description") record["description"] = lines.join("\n").trim();
    else if (name === "CVSS") record["cvss"] = scoresOf(lines);
    else if (name.startsWith("Priority_")) {
      const [, source = "", release] = name.split("_");
      priorities.push([source, release, value.split(/\s/, 1)[0] ?? ""]);
    } else if (separator > 0 && /^[a-z]/.test(name)) {
      const status = readStatus(value);
      const release = name.slice(0, separator);
      packages[release] ??= {};
      if (status !== undefined) packages[release][name.slice(separator + 1)] = status;
    }
  }
  return { ...record, packages: withPriorities(packages, priorities) };
}

/** `nvd: CVSS:3.1/AV:N/... [9.8 CRITICAL]`, one a line. */
function scoresOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, by, vector] = /^([\w.-]+): *(CVSS:\S+)/.exec(line) ?? [];
      return by === undefined || vector === undefined ? [] : [[by, vector]];
    }),
  );
}

function withPriorities(
  packages: Readonly<Record<string, Readonly<Record<string, PackageStatus>>>>,
  priorities: readonly (readonly [source: string, release: string | undefined, priority: string])[],
): TrackerRecord["packages"] {
  if (priorities.length === 0) return packages;
  // What is said for one release counts more than what is said for all.
  const priorityOf = (release: string, source: string) =>
    priorities
      .filter(([name, only]) => name === source && (only === undefined || only === release))
      .sort(([, a], [, b]) => Number(a === undefined) - Number(b === undefined))[0]?.[2];
  return Object.fromEntries(
    Object.entries(packages).map(([release, byName]) => [
      release,
      Object.fromEntries(
        Object.entries(byName).map(([source, status]) => {
          const priority = priorityOf(release.split("/").at(-1) ?? release, source);
          return [source, priority === undefined ? status : { ...status, priority }];
        }),
      ),
    ]),
  );
}
