import { health } from "../../shared/api/health.ts";
import { httpDoor } from "../../shared/platform/door.ts";

export const door = httpDoor({
  name: "health",
  description: "Whether the platform can work, and the API's OpenAPI document",
  uses: { table: "read" },
  routes: ["GET /healthz", "GET /openapi.json"],
  access: "none",
  handle: health,
});
