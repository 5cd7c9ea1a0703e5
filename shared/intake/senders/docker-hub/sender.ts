/**
 * Docker Hub webhooks. They carry no signature, so the address holds a secret (`?token=`), and no digest, so a push
 * asks for a scan of the tag. https://docs.docker.com/docker-hub/repos/manage/webhooks/
 */
import * as z from "zod";
import { entryOf, instant, pushEvents, sumOf } from "../../events.ts";
import { number, part, text } from "../../fields.ts";
import { proveShownSecret, refused, shownInAuthorization } from "../../proofs.ts";
import { oneDay, type Sender } from "../../sender.ts";

const hook = z.object({
  /** Seconds since the epoch. */
  push_data: z.object({ pushed_at: number, pusher: text, tag: text }),
  repository: z.object({ repo_name: z.string().min(1).max(256) }),
});
const stated = z.object({ push_data: part({ pushed_at: number }) });

export const sender: Sender = {
  name: "docker-hub",
  replay: { answer: "refuse", rememberSeconds: oneDay },

  async verify(delivery, settings, ports) {
    const { "docker-hub": mine } = settings;
    if (mine === undefined) return refused("not-configured");
    const shown = [delivery.query.get("token") ?? "", ...shownInAuthorization(delivery.headers)];
    return proveShownSecret(shown, mine.secrets, ports);
  },

  sentAt(body) {
    const seconds = stated.safeParse(body).data?.push_data?.pushed_at;
    return seconds === undefined ? undefined : seconds * 1000;
  },

  normalise(body, now) {
    const parsed = hook.safeParse(body);
    if (!parsed.success) return { kind: "malformed" };
    const { push_data: push, repository } = parsed.data;
    const name = repository.repo_name;
    const origin = {
      sender: sender.name,
      sourceEventId: `${name}:${push.tag ?? ""}:${push.pushed_at ?? ""}`,
      time: instant(push.pushed_at === undefined ? undefined : push.pushed_at * 1000, now),
    };
    const image = {
      registry: "docker.io",
      repository: name.includes("/") ? name : `library/${name}`,
      digest: undefined,
      tags: [push.tag],
      pusher: push.pusher,
    };
    return sumOf([entryOf(pushEvents(origin, image))]);
  },
};
