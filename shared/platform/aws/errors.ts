/**
 * Where every failure of an AWS service becomes one of the product's two kinds. No SDK class is imported here: the
 * SDK's errors are told apart by the fields they all have (`name`, `$metadata`, `code`), so that a bundle carries only
 * the clients its door uses.
 */
import { messageOf, PermanentError, TransientError } from "../errors.ts";

/**
 * Requests that fail the same way each time. All else is transient, on purpose: a missing right or a missing table is
 * a defect of the deployment, and the message that met it belongs in the dead-letter queue, from where it can be
 * brought back once the deployment is mended, and not among the acknowledged.
 */
const permanentNames: ReadonlySet<string> = new Set([
  "ValidationException",
  "ValidationError",
  "SerializationException",
  "InvalidParameterValue",
  "InvalidParameterException",
  "InvalidParameterValueException",
  "InvalidMessageContents",
  "EntityTooLarge",
  "BatchRequestTooLong",
]);

/** The service limits the rate. With the names that the SDK itself does not know. */
const throttlingNames: ReadonlySet<string> = new Set([
  "LimitExceededException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "TooManyRequestsException",
]);

const deniedNames: ReadonlySet<string> = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "UnrecognizedClientException",
  "InvalidClientTokenId",
  "SignatureDoesNotMatch",
]);

interface SdkShape {
  readonly name: string;
  readonly status: number | undefined;
  readonly throttling: boolean;
}

function shapeOf(thrown: unknown): SdkShape {
  if (!(thrown instanceof Error)) return { name: "", status: undefined, throttling: false };
  const fields = thrown as Error & {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $retryable?: { readonly throttling?: boolean };
  };
  return {
    name: fields.name,
    status: fields.$metadata?.httpStatusCode,
    throttling: fields.$retryable?.throttling === true,
  };
}

/** The error's name as the service gives it, for the few that an adapter answers itself. */
export function nameOf(thrown: unknown): string {
  return shapeOf(thrown).name;
}

function transientCode({ name, status, throttling }: SdkShape): string {
  if (throttling || throttlingNames.has(name) || status === 429) return "throttled";
  if (deniedNames.has(name) || status === 403) return "access-denied";
  if (status === 404 || /NotFound|NonExistent|DoesNotExist|NoSuchBucket/.test(name)) return "resource-missing";
  return "service-unavailable";
}

/**
 * The failure of one call, as a `PermanentError` or `TransientError` whose cause is the SDK's error. `doing` is the
 * call in words ("reading an item"). `permanent` names further errors that will not pass, with the code they get.
 */
export function failureOf(
  thrown: unknown,
  doing: string,
  permanent: Readonly<Record<string, string>> = {},
): PermanentError | TransientError {
  if (thrown instanceof PermanentError || thrown instanceof TransientError) return thrown;
  const shape = shapeOf(thrown);
  const text = `${doing}: ${shape.name === "" ? "" : `${shape.name}: `}${messageOf(thrown)}`;
  const code = Object.hasOwn(permanent, shape.name) ? permanent[shape.name] : undefined;
  if (code !== undefined) return new PermanentError(code, text, { cause: thrown });
  if (permanentNames.has(shape.name)) return new PermanentError("request-refused", text, { cause: thrown });
  return new TransientError(transientCode(shape), text, { cause: thrown });
}
