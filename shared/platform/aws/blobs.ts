/** The blobs port on S3. Rights: GetObject, ListBucket (without it, absent keys answer 403); PutObject, DeleteObject. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Blobs } from "../ports.ts";
import { checkBlobKey } from "../validation.ts";
import { clientDefaults } from "./client.ts";
import { failureOf, nameOf } from "./errors.ts";
import type { Provider } from "./providers.ts";

export interface S3BlobsOptions {
  readonly client: S3Client;
  readonly bucket: string;
}

export const provide: Provider<"blobs"> = ({ environment }) =>
  s3Blobs({ client: new S3Client(clientDefaults), bucket: environment.require("bucket") });

export function s3Blobs({ client, bucket }: S3BlobsOptions): Blobs {
  const at = (key: string) => {
    checkBlobKey(key);
    return { Bucket: bucket, Key: key };
  };
  return {
    async put(key, body, contentType) {
      const type = contentType === undefined ? {} : { ContentType: contentType };
      const input = { ...at(key), Body: body, ContentLength: body.byteLength, ...type };
      await client.send(new PutObjectCommand(input)).catch((thrown: unknown) => {
        throw failureOf(thrown, "writing a blob");
      });
    },
    async get(key, range) {
      const part = range === undefined ? {} : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
      const input = { ...at(key), ...part };
      try {
        const { Body: body } = await client.send(new GetObjectCommand(input));
        return body === undefined ? new Uint8Array() : await body.transformToByteArray();
      } catch (thrown) {
        if (nameOf(thrown) === "InvalidRange") return new Uint8Array();
        return absentOr(thrown, undefined, "reading a blob");
      }
    },
    async has(key) {
      const input = at(key);
      try {
        await client.send(new HeadObjectCommand(input));
        return true;
      } catch (thrown) {
        return absentOr(thrown, false, "looking for a blob");
      }
    },
    async remove(key) {
      const input = at(key);
      await client.send(new DeleteObjectCommand(input)).catch((thrown: unknown) => {
        throw failureOf(thrown, "removing a blob");
      });
    },
    list: (prefix) => list(client, bucket, prefix),
  };
}

/** A HEAD has no body and so no error code: its 404 is called `NotFound`. */
function absentOr<T>(thrown: unknown, absent: T, doing: string): T {
  const name = nameOf(thrown);
  if (name === "NoSuchKey" || name === "NotFound") return absent;
  throw failureOf(thrown, doing);
}

async function* list(client: S3Client, bucket: string, prefix: string): AsyncIterable<string> {
  let from: string | undefined;
  do {
    const input = { Bucket: bucket, Prefix: prefix, ...(from === undefined ? {} : { ContinuationToken: from }) };
    const page = await client.send(new ListObjectsV2Command(input)).catch((thrown: unknown) => {
      throw failureOf(thrown, "listing blobs");
    });
    for (const { Key: key } of page.Contents ?? []) if (key !== undefined) yield key;
    from = page.NextContinuationToken;
  } while (from !== undefined);
}
