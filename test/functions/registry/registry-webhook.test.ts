import { describe, expect, it } from "vitest";
import { door } from "../../../functions/registry/registry-webhook.ts";
import type { Platform } from "../../../shared/platform/ports.ts";
import { genuine, samples, world } from "../../shared/intake/support.ts";

const caller = { principal: "anonymous", sourceAddress: "127.0.0.1" };

describe("the webhook door", () => {
  it.each([
    ["https://portwarden.example.com/v1/hooks/distribution", 202],
    ["https://portwarden.example.com/v1/hooks/distribution/", 202],
    ["https://abc.execute-api.example.com/stage/v1/hooks/distribution", 202],
    ["https://portwarden.example.com/v1/hooks/nobody", 401],
    ["https://portwarden.example.com/v1/hooks/", 401],
    ["https://portwarden.example.com/v1/hooks/%64istribution", 401],
  ])("%s is answered %i", async (address, status) => {
    const here = world();
    const [, request] = genuine("distribution", JSON.stringify(samples.distribution));
    const answer = await door.handle(
      here.ports as Platform,
      new Request(address, { method: "POST", ...request }),
      caller,
    );
    expect(answer.status).toBe(status);
    expect(here.published).toHaveLength(status === 202 ? 1 : 0);
  });

  it("asks for no more than it uses", () => {
    const reached = new Set<string>();
    const watched = new Proxy(world().ports, {
      get(ports, name) {
        reached.add(String(name));
        return Reflect.get(ports, name);
      },
    });
    const [, request] = genuine("distribution", JSON.stringify(samples.distribution));
    const address = "https://portwarden.example.com/v1/hooks/distribution";
    return door.handle(watched as Platform, new Request(address, { method: "POST", ...request }), caller).then(() => {
      const declared = [...Object.keys(door.uses), "settings", "clock", "log", "metrics"];
      expect([...reached].filter((port) => !declared.includes(port))).toEqual([]);
    });
  });
});
