/** The credentials port: registries by the function's role, and by secrets where the settings name them. */
import { roleCredentials } from "../../clouds/aws/registry-credentials.ts";
import type { Provider } from "./providers.ts";
import { provide as provideSecrets } from "./secrets.ts";

export const provide: Provider<"credentials"> = (context) =>
  roleCredentials(context.environment.settings.registries, {
    secrets: provideSecrets(context),
    clock: context.clock,
  });
