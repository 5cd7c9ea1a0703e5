/** The calls that are used, and no more: loaded on demand, a bundle still leaves out the rest of the client. */
export { ECRClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";
