import { envelopeOf, patternOf } from "../../shared/events/envelope.ts";
import { queueDoor } from "../../shared/platform/door.ts";
import { imageDeleted, imagePushed, scanRequested } from "../../shared/scanning/pushes.ts";

export const door = queueDoor({
  name: "scan-image",
  description: "Scans images that were pushed or asked for, and closes the findings of deleted ones",
  uses: { table: "write", blobs: "write", secrets: true, credentials: true },
  settings: ["registries", "advisories", "notifications", "vex"],
  subscribe: { bus: "portwarden", pattern: patternOf("ImagePushed", "ImageDeleted", "ScanRequested") },
  message: envelopeOf("ImagePushed", "ImageDeleted", "ScanRequested"),
  timeoutSeconds: 900,
  memoryMegabytes: 3008,
  concurrency: { embedded: 2, aws: 20 },
  async handle(platform, event) {
    switch (event.type) {
      case "ImagePushed":
        return imagePushed(platform, event);
      case "ImageDeleted":
        return imageDeleted(platform, event);
      case "ScanRequested":
        await scanRequested(platform, event);
    }
  },
});
