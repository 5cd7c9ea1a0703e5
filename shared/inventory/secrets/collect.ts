/** The secrets of an image: in the files of every layer, removed ones too, and in what its configuration says. */
import { limits } from "../../platform/limits.ts";
import type { ImageConfiguration } from "../../registry/types.ts";
import { stepsOf } from "../history.ts";
import type { MergedImage } from "../merge.ts";
import type { LayerRecord } from "../record.ts";
import type { Partial, Secret } from "../types.ts";
import { findSecrets, fingerprintOf } from "./find.ts";

export interface SecretsCollector {
  /** Call for each layer, the lowest first. */
  apply(record: Pick<LayerRecord, "files" | "diffId">): void;
  finish(
    merged: Pick<MergedImage, "files">,
    configuration: ImageConfiguration,
  ): { readonly secrets: readonly Secret[]; readonly partial: readonly Partial[] };
}

interface FileSecret {
  readonly layer: number;
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly fingerprint: string;
}

/** One for each image. */
export function collectSecrets(): SecretsCollector {
  const diffIds: string[] = [];
  const inFiles: FileSecret[] = [];
  return {
    apply({ diffId, files }) {
      const layer = diffIds.length;
      diffIds.push(diffId);
      for (const { path, facts } of files) {
        for (const one of facts.flatMap(({ secrets }) => secrets ?? [])) inFiles.push({ ...one, layer, path });
      }
    },
    finish(merged, configuration) {
      const standing = new Set(merged.files.map(([, { layer, record }]) => `${layer}\n${record.path}`));
      const files = inFiles.map(({ layer, path, line, rule, fingerprint }): Secret => {
        const removed = !standing.has(`${layer}\n${path}`);
        return { rule, place: { kind: "file", path, layer: diffIds[layer] ?? "", line, removed }, fingerprint };
      });
      const all = [...unique(files), ...configurationSecrets(configuration, diffIds)];
      const secrets = all.slice(0, limits.secretsPerImage);
      if (secrets.length === all.length) return { secrets, partial: [] };
      const detail = `${all.length} secrets, the first ${limits.secretsPerImage} are listed`;
      return { secrets, partial: [{ reason: "secretsPerImage", detail }] };
    },
  };
}

/** By path, line and rule. A layer that comes twice in an image says the same twice: the one that stands counts. */
function unique(secrets: readonly Secret[]): readonly Secret[] {
  const byPlace = new Map<string, Secret>();
  for (const one of secrets) {
    const { place, rule, fingerprint } = one;
    if (place.kind !== "file") continue;
    const line = String(place.line).padStart(9, "0");
    const key = [place.path, line, rule, place.layer, fingerprint].join("\n");
    const known = byPlace.get(key);
    if (known?.place.kind !== "file" || known.place.removed) byPlace.set(key, one);
  }
  return [...byPlace].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, one]) => one);
}

/** In environment and labels by name, then in the history. What an ENV step repeats of the environment counts once. */
function configurationSecrets(configuration: ImageConfiguration, diffIds: readonly string[]): readonly Secret[] {
  const { environment = [], labels = {} } = configuration.config;
  const secrets: Secret[] = [];
  const values = new Set<string>();
  const lines = [
    ...environment.toSorted().map((line) => ["environment", line] as const),
    ...Object.entries(labels)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, value]) => ["label", `${name}=${value}`] as const),
  ];
  for (const [kind, line] of lines) {
    const name = line.split("=", 1)[0] ?? "";
    for (const one of findSecrets(line, { kind }, limits.secretsPerFile)) {
      values.add(one.value);
      secrets.push({ rule: one.rule.id, place: { kind, name }, fingerprint: fingerprintOf(one, name) });
    }
  }
  for (const { index, createdBy, instruction, layer } of stepsOf(configuration, diffIds)) {
    for (const one of findSecrets(createdBy, { kind: "history" }, limits.secretsPerFile)) {
      if ((instruction === "ENV" || instruction === "LABEL") && values.has(one.value)) continue;
      const place = { kind: "history", step: index, ...(layer && { layer: layer.diffId }) } as const;
      secrets.push({ rule: one.rule.id, place, fingerprint: fingerprintOf(one, "history") });
    }
  }
  return secrets;
}
