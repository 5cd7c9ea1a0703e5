import { messageOf } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { productVersion } from "../platform/version.ts";

/** `GET /healthz`: 200 while the table answers, else 503. `GET /openapi.json`: the API's description. */
export async function health(platform: Pick<Platform, "table" | "log">, request: Request): Promise<Response> {
  if (new URL(request.url).pathname === "/openapi.json") {
    const { openApiDocument } = await import("./openapi.ts");
    return Response.json(openApiDocument(productVersion));
  }
  try {
    await platform.table.get({ pk: "health", sk: "health" });
    return Response.json({ status: "ok", version: productVersion });
  } catch (error) {
    platform.log.error("the table does not answer", { error: messageOf(error) });
    return Response.json({ status: "unavailable", version: productVersion }, { status: 503 });
  }
}
