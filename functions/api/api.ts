import { serveApi } from "../../shared/api/serve.ts";
import { httpDoor } from "../../shared/platform/door.ts";

export const door = httpDoor({
  name: "api",
  description: "The HTTP API: findings, images, scans, queues",
  uses: { table: "write", blobs: "read", bus: true, queues: "*" },
  settings: ["advisories", "vex"],
  routes: ["ANY /v1/{proxy+}"],
  access: "token",
  handle: serveApi,
});
