/** The stack of an app without code, with its template as plain data. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { portwarden } from "../../infra/portwarden.ts";
import type { PortwardenStack } from "../../infra/stack.ts";

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly Condition?: string;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly Outputs: Readonly<Record<string, unknown>>;
}

/** The context of `cdk.json`, and no code for the functions. */
export function context(extra: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const file = JSON.parse(readFileSync(new URL("../../cdk.json", import.meta.url), "utf8")) as { context: object };
  return { ...file.context, "aws:cdk:bundling-stacks": [], ...extra };
}

export function stackWith(extra: Readonly<Record<string, unknown>> = {}): { app: App; stack: PortwardenStack } {
  const app = new App({ context: context(extra), outdir: mkdtempSync(join(tmpdir(), "portwarden-synth-")) });
  return { app, stack: portwarden(app, undefined) };
}

/** Synthesises, which runs the nag packs and CloudFormation's own checks: throws when one of them objects. */
export function synthesise(extra: Readonly<Record<string, unknown>> = {}): {
  readonly stack: PortwardenStack;
  readonly template: Template;
} {
  const { app, stack } = stackWith(extra);
  try {
    return { stack, template: app.synth().getStackByName(stack.stackName).template as Template };
  } finally {
    rmSync(app.outdir, { recursive: true, force: true });
  }
}

/** The logical id of a construct's resource. */
export function idOf(
  stack: PortwardenStack,
  construct: { readonly node: { readonly defaultChild?: unknown } },
): string {
  return stack.getLogicalId(construct.node.defaultChild as Parameters<PortwardenStack["getLogicalId"]>[0]);
}

export function ofType(template: Template, type: string): readonly (readonly [string, Resource])[] {
  return Object.entries(template.Resources).filter(([, { Type }]) => Type === type);
}

export interface Statement {
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: readonly unknown[];
  readonly Condition?: unknown;
}

const many = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** The statements of a policy document, with lists where IAM allows single values. */
export function statementsOf(document: unknown): readonly Statement[] {
  const { Statement } = document as { readonly Statement: readonly Record<string, unknown>[] };
  return Statement.map((one) => ({
    Effect: String(one["Effect"]),
    Action: many(one["Action"]).map(String),
    Resource: many(one["Resource"]),
    ...(one["Condition"] === undefined ? {} : { Condition: one["Condition"] }),
  }));
}

/** What a text with references would be once deployed: `{Ref: X}` becomes what `refer` says. */
export function deployed(value: unknown, refer: (reference: string) => string): string {
  if (typeof value === "string") return value;
  const {
    Ref,
    "Fn::Join": join,
    "Fn::GetAtt": attribute,
  } = value as {
    readonly Ref?: string;
    readonly "Fn::Join"?: readonly [string, readonly unknown[]];
    readonly "Fn::GetAtt"?: readonly [string, string];
  };
  if (Ref !== undefined) return refer(Ref);
  if (attribute !== undefined) return `${refer(attribute[0])}.${attribute[1]}`;
  if (join !== undefined) return join[1].map((part) => deployed(part, refer)).join(join[0]);
  throw new Error(`cannot read ${JSON.stringify(value)}`);
}
