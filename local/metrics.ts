import type { Counter } from "../shared/platform/embedded/metrics.ts";

const escapeLabel = (value: string) => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** The counters since the start, in the Prometheus text format (version 0.0.4). */
export function metricsText(counters: readonly Counter[]): string {
  const lines: string[] = [];
  let previous = "";
  for (const { name, dimensions, value } of counters) {
    const metric = `portwarden_${name.replaceAll(/[^a-zA-Z0-9]/g, "_")}_total`;
    if (metric !== previous) lines.push(`# TYPE ${metric} counter`);
    previous = metric;
    const labels = Object.entries(dimensions).map(
      ([label, text]) => `${label.replaceAll(/[^a-zA-Z0-9]/g, "_")}="${escapeLabel(text)}"`,
    );
    lines.push(`${metric}${labels.length === 0 ? "" : `{${labels.join(",")}}`} ${value}`);
  }
  return `${lines.join("\n")}\n`;
}
