/** What an image's configuration, history and file modes say, for posture checks. No value that may be secret. */
import { limits } from "../platform/limits.ts";
import type { Image } from "../registry/types.ts";
import { habitsOf } from "./build-habits.ts";
import { type Step, stepsOf } from "./history.ts";
import type { MergedImage } from "./merge.ts";
import { withoutSecrets } from "./secrets/find.ts";
import type { BuildStep, ImageFacts, PrivilegedFiles } from "./types.ts";

/** `diffIds`: of the layers, the lowest first. */
export function imageFacts(
  { configuration }: Pick<Image, "configuration">,
  merged: Pick<MergedImage, "files">,
  diffIds: readonly string[],
): ImageFacts {
  const { config, created, history } = configuration;
  const { user, entrypoint, command, workingDirectory, stopSignal, healthcheck } = config;
  return {
    ...(created !== undefined && { created }),
    ...(user !== undefined && { user }),
    environment: (config.environment ?? []).map((one) => one.split("=", 1)[0] ?? one).sort(),
    labels: labelsOf(config.labels ?? {}),
    ...(entrypoint !== undefined && { entrypoint: entrypoint.map(commandText) }),
    ...(command !== undefined && { command: command.map(commandText) }),
    exposedPorts: config.exposedPorts ?? [],
    volumes: config.volumes ?? [],
    ...(workingDirectory !== undefined && { workingDirectory }),
    ...(stopSignal !== undefined && { stopSignal }),
    ...(healthcheck !== undefined &&
      healthcheck.length > 0 && {
        healthcheck: { test: healthcheck.map(commandText), disabled: healthcheck[0] === "NONE" },
      }),
    historySteps: history.length,
    steps: stepsOf(configuration, diffIds).flatMap(buildStep),
    privilegedFiles: privilegedFilesOf(merged, diffIds),
  };
}

function commandText(word: string): string {
  return withoutSecrets(word, { kind: "history" });
}

/** By name. */
function labelsOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  const cleaned = Object.entries(labels).map(([name, value]) => {
    const line = withoutSecrets(`${name}=${value}`, { kind: "label" });
    return [name, line.startsWith(`${name}=`) ? line.slice(name.length + 1) : "***"] as const;
  });
  return Object.fromEntries(cleaned.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function buildStep(step: Step): readonly BuildStep[] {
  const habits = habitsOf(step);
  if (habits.length === 0) return [];
  return [
    {
      step: step.index,
      ...(step.layer && { layer: step.layer.diffId }),
      createdBy: withoutSecrets(step.createdBy, { kind: "history" }),
      habits,
    },
  ];
}

/** The files that stand in the image and run with the rights of their owner or group. */
function privilegedFilesOf({ files }: Pick<MergedImage, "files">, diffIds: readonly string[]): PrivilegedFiles {
  const all = files.flatMap(([path, { record, layer }]) => {
    const mode = record.facts.find(({ privilegedMode }) => privilegedMode !== undefined)?.privilegedMode;
    return mode === undefined ? [] : [{ path, mode: mode.toString(8).padStart(4, "0"), layer: diffIds[layer] ?? "" }];
  });
  all.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { count: all.length, files: all.slice(0, limits.privilegedFilesListed) };
}
