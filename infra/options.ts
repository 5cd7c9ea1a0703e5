/**
 * What a deployment is told: context keys of the CDK (`-c key=value`, or `context` in `cdk.json`), checked here, so
 * that a typing error fails the synthesis with a sentence. What CloudFormation can take at deployment without a change
 * of the template is a parameter of the stack instead.
 */
import type { Node } from "constructs";
import * as z from "zod";
import { readSettings, type StackSettings } from "./settings.ts";

/** `-c` gives text, `cdk.json` may give the value itself. */
const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);
const list = z.union([
  z.array(z.string().min(1)),
  z.string().transform((text) => text.split(",").map((part) => part.trim())),
]);

const minutes = z.coerce.number().int().min(1).max(10_080);
const schedules = z.union([
  z.record(z.string(), minutes),
  z
    .string()
    .transform((text) => Object.fromEntries(text.split(",").map((part) => part.split("=", 2).map((one) => one.trim()))))
    .pipe(z.record(z.string(), minutes)),
]);

/** The retention times that CloudWatch Logs knows, in days. */
const logDays = z.coerce
  .number()
  .refine((days) => [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731].includes(days), {
    error: "must be a retention of CloudWatch Logs: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731",
  });

const contextSchema = z.strictObject({
  /** The stack's name, and in lower case the beginning of every name in it. */
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,19}$/)
    .default("Portwarden"),
  /** Path of a `portwarden.yaml`. */
  settings: z.string().min(1).optional(),
  /** For a start without a settings file: one Slack route, one email route, the registries that may be asked. */
  slackSecret: z.string().min(1).optional(),
  mailFrom: z.email().optional(),
  mailTo: list.optional(),
  registries: list.optional(),
  /** The SES identities that may send, when they are others than the routes' senders and their domains. */
  mailIdentities: list.optional(),
  /** Other intervals for schedule doors, in minutes, by door name. */
  schedules: schedules.default({}),
  logDays: logDays.default(30),
  logLevel: z.enum(["DEBUG", "INFO", "WARN", "ERROR"]).default("INFO"),
  /** `new`, or the id of a VPC (then `subnets` too): the functions run in its private subnets. */
  vpc: z
    .string()
    .regex(/^(new|vpc-([0-9a-f]{8}|[0-9a-f]{17}))$/)
    .optional(),
  subnets: list.pipe(z.array(z.string().regex(/^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/)).max(16)).optional(),
  /** One key of this account encrypts table, bucket, queues, bus, logs, alarms and environments. */
  customerManagedKeys: flag.default(false),
});
type Context = z.infer<typeof contextSchema>;

/** Every key, for the documentation's test. */
export const contextKeys: readonly string[] = Object.keys(contextSchema.shape);

export interface DeployOptions {
  readonly stackName: string;
  /** Begins the names of functions, roles, queues, the bus and log groups. */
  readonly prefix: string;
  readonly settings: StackSettings;
  readonly mailIdentities: readonly string[] | undefined;
  /** Minutes by door name. */
  readonly schedules: Readonly<Record<string, number>>;
  readonly logDays: number;
  readonly logLevel: Context["logLevel"];
  readonly network: { readonly kind: "new" } | ExistingNetwork | undefined;
  readonly customerManagedKeys: boolean;
}

export interface ExistingNetwork {
  readonly kind: "existing";
  readonly vpc: string;
  readonly subnets: readonly string[];
}

/** Reads and checks the context of an app. Throws an `Error` that says what to write instead. */
export function deployOptions(node: Node): DeployOptions {
  const all: Record<string, unknown> = node.getAllContext() ?? {};
  // The CDK's own keys are paths or have colons; everything else was written for this app.
  const own = Object.entries(all).filter(([key]) => !/[:/]/.test(key) && key !== "acknowledged-issue-numbers");
  const parsed = contextSchema.safeParse(Object.fromEntries(own));
  if (!parsed.success) throw new Error(`the context (-c, or cdk.json) is wrong:\n${z.prettifyError(parsed.error)}`);
  const context = parsed.data;
  return {
    stackName: context.name,
    prefix: context.name.toLowerCase(),
    settings: readSettings(context.settings, shortcutsOf(context)),
    mailIdentities: context.mailIdentities,
    schedules: context.schedules,
    logDays: context.logDays,
    logLevel: context.logLevel,
    network: networkOf(context),
    customerManagedKeys: context.customerManagedKeys,
  };
}

function shortcutsOf({ slackSecret, mailFrom, mailTo, registries }: Context) {
  if ((mailFrom === undefined) !== (mailTo === undefined)) {
    throw new Error("an email route needs both: -c mailFrom=<sender> -c mailTo=<recipient>[,<recipient>]");
  }
  return { slackSecret, mail: mailFrom && mailTo ? { from: mailFrom, to: mailTo } : undefined, registries };
}

function networkOf({ vpc, subnets = [] }: Context): DeployOptions["network"] {
  if (vpc === undefined || vpc === "new") {
    if (subnets.length > 0)
      throw new Error("-c subnets=... belongs to an existing VPC: give its id with -c vpc=vpc-...");
    return vpc === undefined ? undefined : { kind: "new" };
  }
  if (subnets.length === 0) {
    throw new Error(`-c vpc=${vpc} needs its private subnets: -c subnets=subnet-...,subnet-...`);
  }
  return { kind: "existing", vpc, subnets };
}
