import { App } from "aws-cdk-lib";
import { messageOf } from "../shared/platform/errors.ts";
import { bundleDoors } from "./bundle.ts";
import { portwarden, wantsCode } from "./portwarden.ts";

const app = new App();
try {
  using bundles = wantsCode(app) ? await bundleDoors() : undefined;
  portwarden(app, bundles);
  app.synth();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
