import { httpDoor } from "../../../../../shared/platform/door.ts";

/** Answers with what it was asked, counts, and reaches for a port that it does not declare when told to. */
export const door = httpDoor({
  name: "echo",
  description: "Answers with the request",
  uses: {},
  routes: ["ANY /v1/{proxy+}"],
  access: "none",
  async handle(platform, request, caller) {
    platform.metrics.count("echoes");
    platform.metrics.count("echoes", 2);
    platform.log.info("a request was echoed", { level: "not the log's own" });
    if (request.headers.has("x-reach")) await platform.table.get({ pk: "a", sk: "b" });
    return Response.json({ method: request.method, url: request.url, body: await request.text(), caller });
  },
});
