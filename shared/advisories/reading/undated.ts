/** `modified` of records that their publisher does not date: older than every other. */
export const undated = "1970-01-01T00:00:00.000Z";
