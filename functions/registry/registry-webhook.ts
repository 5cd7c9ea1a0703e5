import { scanQueue } from "../../shared/intake/announce.ts";
import { receiveDelivery } from "../../shared/intake/receive.ts";
import { remoteSigningKeys } from "../../shared/intake/signing-keys.ts";
import { httpDoor } from "../../shared/platform/door.ts";

/** Kept between invocations, so that the providers' keys are fetched once in a while and not for each request. */
const keys = remoteSigningKeys();

export const door = httpDoor({
  name: "registry-webhook",
  description: "Takes in push and delete notifications of registries that call a webhook.",
  uses: { table: "write", bus: true, queues: [scanQueue], secrets: true },
  settings: ["intake"],
  timeoutSeconds: 15,
  routes: ["POST /v1/hooks/{sender}", "OPTIONS /v1/hooks/{sender}"],
  access: "none",
  handle(platform, request) {
    const name = /\/v1\/hooks\/([a-z0-9-]{1,64})\/?$/.exec(new URL(request.url).pathname)?.[1] ?? "";
    return receiveDelivery(platform, keys, name, request);
  },
});
