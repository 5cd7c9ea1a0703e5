import * as z from "zod";
import { queueDoor } from "../../../../../shared/platform/door.ts";
import { PermanentError } from "../../../../../shared/platform/errors.ts";

/** A door with the five usual ports: what the budgets are measured with, and what the emulator tests run. */
export const door = queueDoor({
  name: "typical",
  description: "Copies what a message says into every store",
  uses: { table: "write", blobs: "write", bus: true, secrets: true, queues: ["other"] },
  settings: ["registries"],
  message: z.object({ name: z.string(), fail: z.string().optional() }),
  async handle(platform, { name, fail }, { attempt }) {
    if (fail === "for good") throw new PermanentError("refused-for-good", "the message asks for it");
    if (fail === "by a defect") throw new Error("the message asks for it");
    const secret = await platform.secrets.get("typical");
    await platform.blobs.put(`typical/${name}`, new TextEncoder().encode(secret));
    await platform.table.put({
      pk: "typical",
      sk: name,
      data: { attempt, allowed: platform.settings.registries.allow },
    });
    await platform.queues.send("other", [{ name }]);
    const digest = `sha256:${"0".repeat(64)}`;
    const image = { registry: "registry.example.com", repository: "team/app", tags: [], sender: "harbor", digest };
    await platform.bus.publish([
      {
        type: "ImagePushed",
        id: `typical-${name}`,
        time: "2026-01-02T03:04:05.678Z",
        data: { ...image, sourceEventId: "1" },
      },
    ]);
  },
});
