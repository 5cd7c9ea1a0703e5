/** The image's history: which instruction each step was, and which layer it made. */
import type { ImageConfiguration } from "../registry/types.ts";

export interface Step {
  /** From 0, of all steps. */
  readonly index: number;
  readonly created?: string;
  readonly createdBy: string;
  /** `RUN`, `COPY`, ... in capitals; undefined where the builder writes something else. */
  readonly instruction: string | undefined;
  /** What follows the instruction: its arguments, for RUN the command line. */
  readonly text: string;
  /** Index and diffID of the layer that it made; undefined for steps without one. */
  readonly layer: { readonly index: number; readonly diffId: string } | undefined;
}

/** `diffIds`: of the layers as they are, the lowest first. A history that is longer or shorter is followed as far as it goes. */
export function stepsOf(configuration: ImageConfiguration, diffIds: readonly string[]): readonly Step[] {
  let layers = 0;
  return configuration.history.map((step, index) => {
    const at = step.emptyLayer === true ? undefined : layers++;
    const diffId = at === undefined ? undefined : diffIds[at];
    const { created, createdBy = "" } = step;
    return {
      index,
      ...(created !== undefined && { created }),
      createdBy,
      ...instructionOf(createdBy),
      layer: at === undefined || diffId === undefined ? undefined : { index: at, diffId },
    };
  });
}

const keywords =
  /^(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\b/;

/**
 * The classic builder writes `/bin/sh -c #(nop)  CMD ["bash"]`, and for RUN only its shell; BuildKit and kaniko write
 * the instruction itself. `|2 A=b C=d /bin/sh -c` are the build's arguments.
 */
function instructionOf(createdBy: string): Pick<Step, "instruction" | "text"> {
  const marked = /^(?:\/bin\/sh|cmd \/S \/C|powershell[^#]{0,200}) (?:-c )?#\(nop\)\s{1,8}/.exec(createdBy);
  const text = createdBy.slice(marked?.[0].length ?? 0).trim();
  const keyword = keywords.exec(text)?.[0];
  if (keyword !== undefined) return { instruction: keyword, text: text.slice(keyword.length).trim() };
  const isCommand = /^(?:\|[0-9]{1,4} |\/bin\/(?:ba|a|da)?sh |\/usr\/bin\/env |cmd \/S)/.test(text);
  return { instruction: isCommand ? "RUN" : undefined, text };
}

/** Whether a step says what the image runs. */
export function isStart({ instruction }: Pick<Step, "instruction">): boolean {
  return instruction === "CMD" || instruction === "ENTRYPOINT";
}
