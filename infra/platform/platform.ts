/** What all doors share: one construct, made before them. */
import { CfnParameter, type Stack } from "aws-cdk-lib";
import { Construct } from "constructs";
import type { DeployOptions } from "../options.ts";
import { Alarms } from "./alarms.ts";
import { Api } from "./api.ts";
import { Keys } from "./keys.ts";
import { type Logs, logs } from "./logs.ts";
import { Messaging } from "./messaging.ts";
import { Network } from "./network.ts";
import { Storage } from "./storage.ts";

export class Platform extends Construct {
  readonly options: DeployOptions;
  readonly prefix: string;
  /** What stands before the product's names in Secrets Manager. */
  readonly secretPrefix: string;
  readonly keys: Keys;
  readonly logs: Logs;
  readonly storage: Storage;
  readonly messaging: Messaging;
  readonly alarms: Alarms;
  readonly api: Api;
  /** Absent: the functions run outside of any VPC. */
  readonly network: Network | undefined;

  constructor(stack: Stack, id: string, options: DeployOptions) {
    super(stack, id);
    const { prefix } = options;
    const { issuer, audience, email } = parameters(stack);
    this.options = options;
    this.prefix = prefix;
    this.secretPrefix = `${prefix}/`;
    this.keys = new Keys(this, "Keys", { prefix, customerManaged: options.customerManagedKeys });
    this.logs = logs(prefix, options.logDays, this.keys);
    this.storage = new Storage(this, "Storage", { keys: this.keys });
    this.messaging = new Messaging(this, "Messaging", { prefix, keys: this.keys });
    this.alarms = new Alarms(this, "Alarms", { prefix, keys: this.keys, email });
    this.api = new Api(this, "Api", { prefix, logs: this.logs, alarms: this.alarms, issuer, audience });
    this.network =
      options.network && new Network(this, "Network", { prefix, options: options.network, logs: this.logs });
  }
}

/** Given at deployment (`--parameters`), and kept by CloudFormation from one deployment to the next. */
function parameters(stack: Stack) {
  return {
    issuer: new CfnParameter(stack, "JwtIssuer", {
      description: "Issuer of the tokens that open the API: https URL with /.well-known/openid-configuration below it",
      allowedPattern: "https://[^\\s]+",
      constraintDescription: "must be an https URL",
    }),
    audience: new CfnParameter(stack, "JwtAudience", {
      description: "Audience (aud, or client_id) that these tokens must carry",
      default: "portwarden",
      allowedPattern: "[^\\s]+",
    }),
    email: new CfnParameter(stack, "AlarmEmail", {
      description: "Address that alarms are sent to; empty: subscribe to the topic yourself",
      default: "",
      allowedPattern: "|[^\\s@]+@[^\\s@]+",
    }),
  };
}
