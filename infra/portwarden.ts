/** The app: the stack, and what is asked of everything in it. */
import { type App, Tags, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { acknowledge } from "./acknowledgements.ts";
import type { Bundles } from "./bundle.ts";
import { deployOptions } from "./options.ts";
import { PortwardenStack } from "./stack.ts";

/** Adds the stack to an app whose context says how it is to be. Throws an `Error` in words when that is wrong. */
export function portwarden(app: App, bundles: Bundles | undefined): PortwardenStack {
  const stack = new PortwardenStack(app, "Portwarden", { options: deployOptions(app.node), bundles });
  Tags.of(app).add("application", "portwarden");
  acknowledge(stack);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  return stack;
}

/** Whether this run of the CDK needs the functions' code: `cdk list` and tests of the template do not. */
export function wantsCode(app: App): boolean {
  const stacks: unknown = app.node.tryGetContext("aws:cdk:bundling-stacks");
  return !Array.isArray(stacks) || stacks.length > 0;
}
