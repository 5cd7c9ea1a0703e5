/** Secrets of an image as findings: where and by which rule, never the value. Pure. */
import type { Observation } from "../findings/types.ts";
import { secretRule } from "../inventory/secrets/rules.ts";
import type { Inventory, Secret, SecretPlace } from "../inventory/types.ts";

/** The kind of finding that a secret in an image is: a way in which it was built wrongly. */
export const secretRulePrefix = "image-secret/";

export function observeSecrets(inventory: Inventory): Observation[] {
  const steps = new Map(inventory.layers.map(({ diffId, createdBy }) => [diffId, createdBy]));
  return (inventory.secrets ?? []).map((secret) => observation(secret, steps));
}

function observation(secret: Secret, steps: ReadonlyMap<string, string | undefined>): Observation {
  const rule = secretRule(secret.rule);
  const { place } = secret;
  const layer = "layer" in place ? place.layer : undefined;
  const step = layer === undefined ? undefined : steps.get(layer);
  return {
    kind: "posture",
    rule: `${secretRulePrefix}${secret.rule}`.slice(0, 256),
    subject: `${placeName(place)}#${secret.fingerprint}`.slice(0, 1024),
    title: `${rule?.title ?? secret.rule} in the image: ${placeText(place)}`.slice(0, 512),
    severity: rule?.severity ?? "high",
    exploited: false,
    evidence: {
      place: { ...place },
      fingerprint: secret.fingerprint,
      ...(step === undefined ? {} : { step: step.slice(0, 300) }),
      remediation: "Revoke it, and build without it: whoever has the image can read it in its layers.",
    },
    links: [],
  };
}

function placeName(place: SecretPlace): string {
  switch (place.kind) {
    case "file":
      return place.path;
    case "environment":
    case "label":
      return `${place.kind}:${place.name}`;
    case "history":
      return `history:${place.step}`;
  }
}

function placeText(place: SecretPlace): string {
  switch (place.kind) {
    case "file":
      return `${place.path}, line ${place.line}${place.removed ? " (removed later, but still in its layer)" : ""}`;
    case "environment":
      return `environment variable ${place.name}`;
    case "label":
      return `label ${place.name}`;
    case "history":
      return `history step ${place.step + 1}`;
  }
}
