/** The ECS port: reads with the function's own role. */
import { ecsReader } from "../../clouds/aws/ecs.ts";
import type { Provider } from "./providers.ts";

export const provide: Provider<"ecs"> = () => ecsReader();
