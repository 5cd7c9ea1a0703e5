/** Paths that evidence shows: normalised paths of RFC 9535, with a filter where people think of a name. */

/** A string literal of a path: single quotes, escaped. */
function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A field of the container with this name, in a task definition of the ECS API. */
export function ecsContainerPath(container: string, field: string): string {
  return `$.containerDefinitions[?@.name==${literal(container)}].${field}`;
}

/** A variable of the container with this name. */
export function ecsVariablePath(container: string, variable: string): string {
  return `${ecsContainerPath(container, "environment")}[?@.name==${literal(variable)}].value`;
}
