import { Metrics as Emf, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Metrics } from "../ports.ts";

export const metricsNamespace = "Portwarden";

export interface LambdaMetrics extends Metrics {
  /** Writes what was counted since the last flush. */
  flush(): void;
}

type Dimensions = Readonly<Record<string, string>>;

/**
 * Counters as CloudWatch's embedded metric format, with the door as the dimension `service`. Summed up per invocation,
 * so that a loop over thousands costs one log line for each name and set of dimensions.
 */
export function lambdaMetrics(service: string): LambdaMetrics {
  const emf = new Emf({ namespace: metricsNamespace, serviceName: service });
  const sums = new Map<string, { readonly name: string; readonly dimensions: Dimensions; value: number }>();
  return {
    count(name, value = 1, dimensions = {}) {
      const key = JSON.stringify([name, dimensions]);
      const sum = sums.get(key) ?? { name, dimensions, value: 0 };
      sum.value += value;
      sums.set(key, sum);
    },
    flush() {
      for (const { name, dimensions, value } of sums.values()) {
        const single = emf.singleMetric();
        for (const [dimension, of] of Object.entries(dimensions)) single.addDimension(dimension, of);
        single.addMetric(name, MetricUnit.Count, value);
      }
      sums.clear();
    },
  };
}
