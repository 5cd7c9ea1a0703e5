/** The document is OpenAPI 3.1 as far as its structure goes: https://spec.openapis.org/oas/v3.1.1.html */
import { expect, it } from "vitest";
import * as z from "zod";
import { openApiDocument } from "../../../shared/api/openapi.ts";
import { routes } from "../../../shared/api/routes.ts";

const schema = z.record(z.string(), z.unknown());
const content = z.record(z.string(), z.strictObject({ schema }));
const parameter = z.strictObject({
  name: z.string(),
  in: z.enum(["path", "query"]),
  required: z.boolean().optional(),
  description: z.string().optional(),
  schema,
});
const operation = z.strictObject({
  operationId: z.string(),
  summary: z.string().min(10),
  parameters: z.array(parameter).optional(),
  requestBody: z.object({ content }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.object({ description: z.string(), content: content.optional() }),
  ),
});
const documentSchema = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.object({ title: z.string(), version: z.string(), description: z.string() }),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  paths: z.record(z.string().startsWith("/"), z.partialRecord(z.enum(["get", "post"]), operation)),
  components: z.object({
    securitySchemes: z.record(z.string(), z.object({ type: z.literal("http"), scheme: z.literal("bearer") })),
    schemas: z.record(z.string(), schema).optional(),
  }),
});

const raw = JSON.parse(JSON.stringify(openApiDocument("1.2.3"))) as unknown;
const document = documentSchema.parse(raw);
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, found]) => ({ path, method, ...found })),
);

it("has every route, once, with its status and its errors", () => {
  expect(operations.map(({ path, method }) => `${method} ${path}`).sort()).toEqual(
    routes.map(({ path, method }) => `${method} ${path}`).sort(),
  );
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(routes.length);
  for (const route of routes) {
    const documented = operations.find(({ operationId }) => operationId === route.id);
    const codes = Object.keys(documented?.responses ?? {});
    const expected = [route.status, 400, 401, 503, ...(route.errors ?? []), ...(route.body === undefined ? [] : [413])];
    expect(codes.sort(), route.id).toEqual(expected.map(String).sort());
    expect(documented?.requestBody !== undefined, route.id).toBe(route.body !== undefined);
  }
});

it("has a required parameter for each part of a path, and no other", () => {
  for (const { path, operationId, parameters = [] } of operations) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    const inPath = parameters.filter((one) => one.in === "path");
    expect(inPath.map(({ name }) => name).sort(), operationId).toEqual(named.sort());
    expect(
      inPath.every(({ required }) => required === true),
      operationId,
    ).toBe(true);
  }
});

it("refers to nothing that is not there", () => {
  const references = [...JSON.stringify(raw).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference ?? "");
  for (const reference of references) {
    expect(reference).toMatch(/^#\//);
    const target = reference
      .slice(2)
      .split("/")
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], raw);
    expect(target, reference).toBeTypeOf("object");
  }
  for (const name of document.security.flatMap(Object.keys)) {
    expect(Object.keys(document.components.securitySchemes)).toContain(name);
  }
  expect(document.info.version).toBe("1.2.3");
});
