/**
 * Stands in for `@aws-sdk/credential-provider-node` in Lambda bundles (`bundleOptions.alias`). A function's credentials
 * always stand in its environment; the SDK's own chain also carries profiles, single sign-on, instance metadata and the
 * clients these need: a sixth of a bundle that never runs there.
 */
interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The name the SDK's clients import. Gives the role's credentials as Lambda has set them for this instance. */
export function defaultProvider(): () => Promise<Identity> {
  return async () => {
    const {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    } = process.env;
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new Error("the environment holds no AWS credentials");
    }
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  };
}
