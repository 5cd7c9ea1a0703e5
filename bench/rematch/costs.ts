/** What the counted operations cost on AWS, in dollars a month. */
import type { Counts } from "./counted.ts";

/** List prices of us-east-1 in US dollars, as published in 2025, without free tiers: on-demand, arm64, S3 Standard. */
const prices = {
  dynamoReadUnit: 0.125 / 1e6,
  dynamoWriteUnit: 0.625 / 1e6,
  dynamoGigabyteMonth: 0.25,
  s3Get: 0.4 / 1e6,
  s3Put: 5 / 1e6,
  s3GigabyteMonth: 0.023,
  lambdaGigabyteSecond: 0.0000133334,
  lambdaRequest: 0.2 / 1e6,
  stepTransition: 25 / 1e6,
} as const;

/** What is assumed of a month; everything else was counted. */
const month = {
  /** Part of the stored images that a day's changes touch, and of those touched by one great change a month. */
  touchedDaily: 0.02,
  touchedOnce: 0.5,
  days: 30,
  /** Part of the stored images that are new. */
  pushed: 0.2,
  /** Refreshes, each with one update and its announcement. */
  refreshes: 120,
} as const;

const imagesPerBatch = 25;
/** Start of the map, and of each batch its child's start, task and end. */
const transitionsPerBatch = 3;
const lambdaGigabytes = 1.73;
/** On Lambda each read waits for DynamoDB and S3: this long an image, four at a time, beside the measured work. */
const waitingSecondsPerImage = 0.1 / 4;

export interface Costed {
  readonly counts: Counts;
  readonly matched: number;
  readonly seconds: number;
  /** Counted while the fleet was stored. */
  readonly filling: Counts;
  readonly stored: number;
}

/** Prints the model for fleets of three sizes. */
export function printCosts({ counts, matched, seconds, filling, stored }: Costed): void {
  const per = (count: number) => count / matched;
  const image = {
    reads: per(counts.readUnits) * prices.dynamoReadUnit,
    writes: per(counts.writeUnits) * prices.dynamoWriteUnit,
    s3: per(counts.blobGets) * prices.s3Get + per(counts.blobPuts) * prices.s3Put,
    lambda:
      (seconds / matched + waitingSecondsPerImage) * lambdaGigabytes * prices.lambdaGigabyteSecond +
      prices.lambdaRequest / imagesPerBatch,
    steps: (transitionsPerBatch * prices.stepTransition) / imagesPerBatch,
  };
  const indexing =
    (filling.writeUnits / stored) * prices.dynamoWriteUnit +
    (filling.readUnits / stored) * prices.dynamoReadUnit +
    (filling.blobPuts / stored) * prices.s3Put;
  const rematches = month.touchedDaily * month.days + month.touchedOnce;
  const once = Object.values(image).reduce((sum, one) => sum + one, 0);
  console.log("\ncost on AWS (us-east-1, on-demand list prices of 2025), from the counted operations");
  console.log(
    `  one image matched again: $${once.toExponential(2)} (${Object.entries(image)
      .map(([name, dollars]) => `${name} ${dollars.toExponential(1)}`)
      .join(", ")})`,
  );
  console.log(
    `  one image stored: $${indexing.toExponential(2)} (${(filling.writeUnits / stored).toFixed(1)} write units with record, presence and index)`,
  );
  console.log(
    `  a month: ${month.touchedDaily * 100} % of the images touched a day, ${month.touchedOnce * 100} % by one great change, ${month.pushed * 100} % new`,
  );
  for (const images of [10_000, 100_000, 1_000_000]) {
    const matching = images * rematches * once;
    const storing = images * month.pushed * indexing;
    const announcing = month.refreshes * 20 * prices.lambdaGigabyteSecond * 3;
    console.log(
      `  ${String(images).padStart(9)} images: $${(matching + storing + announcing).toFixed(2)} a month (re-match $${matching.toFixed(2)}, index $${storing.toFixed(2)}, refreshes $${announcing.toFixed(2)})`,
    );
  }
}
