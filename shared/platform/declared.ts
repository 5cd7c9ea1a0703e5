import type { Door, Uses } from "./door.ts";
import type { Platform } from "./ports.ts";

/** The ports that a door has to declare; the others (clock, log, metrics, progress, settings) every door has. */
export type ServicePort = keyof Uses;

/** The platform as a door may see it: the ports it declares; any other throws when it is used. */
export function restrictTo(door: Pick<Door, "name" | "uses">, platform: Platform): Platform {
  const portOf = <Port extends ServicePort>(port: Port): Platform[Port] =>
    door.uses[port] === undefined ? undeclaredPort(door, port) : platform[port];
  const { clock, log, metrics, progress, settings } = platform;
  return {
    clock,
    log,
    metrics,
    progress,
    settings,
    table: portOf("table"),
    blobs: portOf("blobs"),
    bus: portOf("bus"),
    queues: portOf("queues"),
    secrets: portOf("secrets"),
    mailer: portOf("mailer"),
    credentials: portOf("credentials"),
    ecs: portOf("ecs"),
  };
}

/** Throws when it is used and not when it is taken, so that a platform can still be destructured and copied. */
export function undeclaredPort<Port extends ServicePort>(door: Pick<Door, "name">, port: Port): Platform[Port] {
  const refuse = () => {
    throw new Error(`door ${door.name} uses ${port} but does not declare it`);
  };
  return new Proxy(refuse, { get: refuse }) as unknown as Platform[Port];
}
