/** What one running Lambda function keeps between its invocations. */
import type { Door } from "../door.ts";
import type { Platform } from "../ports.ts";
import { parseEnvironment } from "./env.ts";
import { type LambdaLog, lambdaLog } from "./log.ts";
import { type LambdaMetrics, lambdaMetrics } from "./metrics.ts";
import type { AwsContext, Postpone, Provider, Providers, ServicePort } from "./providers.ts";

export interface Runtime {
  readonly log: LambdaLog;
  readonly metrics: LambdaMetrics;
  /** What the door gets: the ports it declares; any other throws when it is used. */
  readonly platform: Platform;
  /** For the runtime itself, whatever the door declares: the quarantine's table. */
  readonly own: Pick<Platform, "table" | "clock" | "log" | "metrics">;
  readonly postpone: Postpone;
}

/** Reads the environment. Adapters are made at their first use. Throws when the environment is wrong. */
export function makeRuntime(
  door: Door,
  providers: Providers,
  variables: Readonly<Record<string, string | undefined>>,
): Runtime {
  const log = lambdaLog(door.name);
  const metrics = lambdaMetrics(door.name);
  const environment = parseEnvironment(variables);
  const clock = { now: () => Date.now() };
  const context: AwsContext = { environment, clock, log, metrics };
  const base = { clock, log, metrics, settings: environment.settings, progress: { report: () => undefined } };
  const services: { readonly [Port in ServicePort]?: Provider<Port> } = providers;
  const made: Partial<Record<ServicePort, unknown>> = {};
  function provided<Port extends ServicePort>(port: Port): Platform[Port] {
    const provide = services[port];
    if (provide === undefined) throw new Error(`the bundle of ${door.name} carries no adapter for ${port}`);
    made[port] ??= provide(context);
    return made[port] as Platform[Port];
  }
  return {
    log,
    metrics,
    platform: platformOf(base, (port) => (door.uses[port] === undefined ? undeclared(door, port) : provided(port))),
    own: platformOf(base, provided),
    postpone: providers.postpone?.(context) ?? (async () => undefined),
  };
}

function platformOf(
  base: Omit<Platform, ServicePort>,
  portOf: <Port extends ServicePort>(port: Port) => Platform[Port],
): Platform {
  return {
    ...base,
    get table() {
      return portOf("table");
    },
    get blobs() {
      return portOf("blobs");
    },
    get bus() {
      return portOf("bus");
    },
    get queues() {
      return portOf("queues");
    },
    get secrets() {
      return portOf("secrets");
    },
    get mailer() {
      return portOf("mailer");
    },
    get credentials() {
      return portOf("credentials");
    },
    get ecs() {
      return portOf("ecs");
    },
  };
}

/** Throws when it is used and not when it is taken, so that a platform can still be destructured and copied. */
function undeclared<Port extends ServicePort>(door: Door, port: Port): Platform[Port] {
  const refuse = () => {
    throw new Error(`door ${door.name} uses ${port} but does not declare it`);
  };
  return new Proxy(refuse, { get: refuse }) as unknown as Platform[Port];
}
