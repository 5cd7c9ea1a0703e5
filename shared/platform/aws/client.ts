/**
 * What every SDK client of this product is made with. Four attempts, because the three of the SDK end within about
 * 300 ms, before a throttled table has recovered; and timeouts, because the SDK has none of its own and a silent
 * connection would otherwise eat the function's whole time. Region, credentials and endpoints come from the
 * environment the way every SDK reads them (`AWS_REGION`, the role, `AWS_ENDPOINT_URL_*`).
 */
export const clientDefaults = {
  maxAttempts: 4,
  requestHandler: {
    connectionTimeout: 2_000,
    socketTimeout: 15_000,
    requestTimeout: 120_000,
    throwOnRequestTimeout: true,
  },
} as const;
