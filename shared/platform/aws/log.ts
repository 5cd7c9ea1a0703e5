import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import type { Log, LogFields } from "../ports.ts";

export interface LambdaLog extends Log {
  /** Puts the function's name and the request's id on every line from here on. */
  begin(context: Context): void;
}

/** One JSON line per entry on standard output, with the door as service. Level by POWERTOOLS_LOG_LEVEL. */
export function lambdaLog(service: string): LambdaLog {
  const logger = new Logger({ serviceName: service });
  return {
    begin: (context) => logger.addContext(context),
    debug: (message, fields) => logger.debug(message, ...extra(fields)),
    info: (message, fields) => logger.info(message, ...extra(fields)),
    warn: (message, fields) => logger.warn(message, ...extra(fields)),
    error: (message, fields) => logger.error(message, ...extra(fields)),
  };
}

/** As one object of its own, so that no field can take the place of the logger's keys. */
function extra(fields: LogFields | undefined): [] | [{ fields: LogFields }] {
  return fields === undefined ? [] : [{ fields }];
}
