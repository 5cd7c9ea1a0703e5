/**
 * The SDK's name for "no credentials found on this machine", which is permanent: on Lambda it cannot happen, and on a
 * machine without an AWS identity nothing but its owner can change it.
 */
export const noIdentity: Readonly<Record<string, string>> = { CredentialsProviderError: "registry-forbidden" };
