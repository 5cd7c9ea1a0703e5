/** The calls that are used, and no more: loaded on demand, a bundle still leaves out the rest of the client. */
export { GetWebIdentityTokenCommand, STSClient } from "@aws-sdk/client-sts";
