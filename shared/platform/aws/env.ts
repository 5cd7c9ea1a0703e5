/**
 * What a function of this product is told by its environment. Parsed once, at the first invocation.
 *
 * | variable                 | what                                                         | needed by                    |
 * | ------------------------ | ------------------------------------------------------------ | ---------------------------- |
 * | PORTWARDEN_TABLE         | name of the table                                            | `table`; every door but http |
 * | PORTWARDEN_BUCKET        | name of the bucket                                           | `blobs`                      |
 * | PORTWARDEN_BUS           | name or ARN of the product's bus                             | `bus`                        |
 * | PORTWARDEN_QUEUE_URLS    | JSON: door name -> URL of its queue, for the declared queues | `queues`                     |
 * | PORTWARDEN_SECRET_PREFIX | what stands before the product's names in Secrets Manager    | `secrets`, `credentials`     |
 * | PORTWARDEN_SETTINGS      | JSON: the sections of the settings that the door declares    | doors with `settings`        |
 *
 * Besides: AWS_REGION (Lambda sets it), POWERTOOLS_LOG_LEVEL (default INFO).
 */
import * as z from "zod";
import { settingsSchema } from "../settings.ts";

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
});
const name = z.string().min(1);

const environmentSchema = z
  .object({
    PORTWARDEN_TABLE: name.optional(),
    PORTWARDEN_BUCKET: name.optional(),
    PORTWARDEN_BUS: name.optional(),
    PORTWARDEN_QUEUE_URLS: json.pipe(z.record(z.string(), z.url())).optional(),
    PORTWARDEN_SECRET_PREFIX: z.string().optional(),
    PORTWARDEN_SETTINGS: json.pipe(settingsSchema).optional(),
    AWS_REGION: name.optional(),
  })
  .transform((variables) => ({
    table: variables.PORTWARDEN_TABLE,
    bucket: variables.PORTWARDEN_BUCKET,
    bus: variables.PORTWARDEN_BUS,
    queueUrls: variables.PORTWARDEN_QUEUE_URLS,
    secretPrefix: variables.PORTWARDEN_SECRET_PREFIX,
    region: variables.AWS_REGION,
    settings: variables.PORTWARDEN_SETTINGS ?? settingsSchema.parse({}),
  }));

type Values = z.infer<typeof environmentSchema>;

export interface Environment extends Pick<Values, "settings"> {
  /** The value; throws an `Error` that names the variable when it is not set. */
  require<Name extends Required>(name: Name): NonNullable<Values[Name]>;
}
type Required = keyof typeof variableOf;

const variableOf = {
  table: "PORTWARDEN_TABLE",
  bucket: "PORTWARDEN_BUCKET",
  bus: "PORTWARDEN_BUS",
  queueUrls: "PORTWARDEN_QUEUE_URLS",
  secretPrefix: "PORTWARDEN_SECRET_PREFIX",
  region: "AWS_REGION",
} as const;

/** Throws an `Error` that names the variables and says what is wrong with them. */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const parsed = environmentSchema.safeParse(variables);
  if (!parsed.success) {
    throw new Error(`the function's environment is wrong:\n${z.prettifyError(parsed.error)}`);
  }
  const values = parsed.data;
  return {
    settings: values.settings,
    require(name) {
      const value = values[name];
      if (value === undefined) throw new Error(`the environment lacks ${variableOf[name]}`);
      return value;
    },
  };
}
