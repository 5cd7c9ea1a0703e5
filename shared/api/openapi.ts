import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import type { ApiRoute } from "./route.ts";
import { routes } from "./routes.ts";
import { problem } from "./schemas.ts";

const json = (schema: ApiRoute["response"], description: string) => ({
  description,
  content: { "application/json": { schema } },
});

function operation(route: ApiRoute): ZodOpenApiOperationObject {
  const others = Object.fromEntries(
    (route.errors ?? []).map((status) => [
      String(status),
      json(problem, status === 404 ? "No such thing" : "Conflict"),
    ]),
  );
  return {
    operationId: route.id,
    summary: route.summary,
    ...(route.params === undefined && route.query === undefined
      ? {}
      : {
          requestParams: {
            ...(route.params === undefined ? {} : { path: route.params }),
            ...(route.query === undefined ? {} : { query: route.query }),
          },
        }),
    ...(route.body === undefined ? {} : { requestBody: { content: { "application/json": { schema: route.body } } } }),
    responses: {
      [String(route.status) as "200"]: json(route.response, route.summary),
      "400": json(problem, "The request is not valid"),
      "401": { description: "No valid token" },
      ...(route.body === undefined ? {} : { "413": json(problem, "The request is too large") }),
      "503": json(problem, "Try again"),
      ...others,
    },
  };
}

/** The OpenAPI 3.1 document of the API, made from the schemas that validate it. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  }
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Portwarden",
      version,
      description: "Findings, images and scans. Every route needs a bearer token but /healthz and this document.",
    },
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    paths: paths as ZodOpenApiPathsObject,
  });
}
