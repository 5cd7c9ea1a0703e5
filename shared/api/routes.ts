import { randomUUID } from "node:crypto";
import * as z from "zod";
import { openAdvisoriesStatus } from "../advisories/status.ts";
import { scanRequested } from "../events/types.ts";
import { acceptFinding } from "../findings/accept.ts";
import { type FindingFilter, listFindings } from "../findings/list.ts";
import { reportSchema } from "../findings/report.ts";
import { getFinding, getTimeline } from "../findings/store.ts";
import { repositoryName } from "../images/keys.ts";
import { servicesRunning } from "../images/running.ts";
import { getPresence, imagesByDigest, listImages, tagsOfRepository } from "../images/store.ts";
import type { ImageRecord } from "../images/types.ts";
import { PermanentError } from "../platform/errors.ts";
import { productVersion } from "../platform/version.ts";
import { parseReference } from "../registry/reference.ts";
import { askForRematch } from "../rematch/ask.ts";
import { getReport, scansOfCause } from "../scanning/records.ts";
import { openVexSchema, writeVex } from "../vex/write.ts";
import { deliveryRoutes } from "./delivery-routes.ts";
import { type ApiPlatform, route } from "./route.ts";
import * as schemas from "./schemas.ts";

const findingRoutes = [
  route({
    method: "get",
    path: "/v1/findings",
    id: "listFindings",
    summary: "Findings by priority: known exploited and critical first, and of equal ones those that run",
    query: schemas.findingsQuery,
    response: schemas.findingPage,
    async handle(platform, { query }) {
      const { limit, cursor, image, ...rest } = query;
      const filter: FindingFilter = {
        ...defined(rest),
        state: rest.state,
        ...(image === undefined ? {} : { resource: { type: "image", id: image } }),
      };
      const page = await listFindings(platform.table, filter, limit, cursor);
      return { findings: [...page.findings], ...(page.next === undefined ? {} : { next: page.next }) };
    },
  }),
  route({
    method: "get",
    path: "/v1/findings/{id}",
    id: "getFinding",
    summary: "One finding with its timeline",
    params: schemas.findingIdParams,
    response: schemas.findingWithTimeline,
    errors: [404],
    async handle(platform, { params }) {
      const stored = await getFinding(platform.table, params.id);
      if (stored === undefined) return undefined;
      return { finding: stored.finding, timeline: await getTimeline(platform.table, params.id) };
    },
  }),
  route({
    method: "post",
    path: "/v1/findings/{id}/accept",
    id: "acceptFinding",
    summary: "Accept the risk of a finding until a date",
    params: schemas.findingIdParams,
    body: schemas.acceptBody,
    response: schemas.findingWithTimeline,
    errors: [404, 409],
    async handle(platform, { params, body }, caller) {
      const finding = await acceptFinding(platform, { id: params.id, by: caller.principal, ...body });
      return { finding, timeline: await getTimeline(platform.table, params.id) };
    },
  }),
];

const vexRoutes = [
  route({
    method: "get",
    path: "/v1/vex",
    id: "acceptedAsVex",
    summary: "Accepted vulnerabilities of images as an OpenVEX 0.2.0 document",
    query: schemas.vexQuery,
    response: openVexSchema,
    handle: (platform, { query }) =>
      writeVex(platform, { ...defined(query), author: platform.settings.vex.author, version: productVersion }),
  }),
];

const imageRoutes = [
  route({
    method: "get",
    path: "/v1/images",
    id: "listImages",
    summary: "Images that were pushed, asked for or seen running",
    query: schemas.imagesQuery,
    response: schemas.imagePage,
    async handle(platform, { query }) {
      const filter = query.repository === undefined ? {} : { repository: query.repository };
      const page = await listImages(platform.table, filter, query.limit, query.cursor);
      return {
        images: await viewsOf(platform, page.images),
        ...(page.next === undefined ? {} : { next: page.next }),
      };
    },
  }),
  route({
    method: "get",
    path: "/v1/images/{digest}",
    id: "getImage",
    summary: "An image, in every repository that holds it",
    params: schemas.digestParams,
    response: schemas.imageByDigest,
    errors: [404],
    async handle(platform, { params }) {
      const images = await viewsOf(platform, await imagesByDigest(platform.table, params.digest));
      return images.length === 0 ? undefined : { images };
    },
  }),
];

const scanRoutes = [
  route({
    method: "post",
    path: "/v1/scans",
    id: "requestScan",
    summary: "Ask for a scan of an image; the answer names the request to look its result up by",
    body: schemas.scanBody,
    status: 202,
    response: schemas.scanAccepted,
    async handle(platform, { body }, caller) {
      const { registry, repository, digest, tag } = parseReference(body.image);
      const id = `request:${randomUUID()}`;
      const time = new Date(platform.clock.now()).toISOString();
      const requestedBy = caller.principal.slice(0, 256);
      // What no event can carry must be refused here, not end among the dead letters behind an answer of 202.
      const event = scanRequested.safeParse({ registry, repository, digest, tag, reason: "api", requestedBy });
      if (!event.success) {
        throw new PermanentError("bad-reference", `not an image to scan: ${z.prettifyError(event.error)}`);
      }
      await platform.bus.publish([{ type: "ScanRequested", id, time, data: event.data }]);
      return { request: id, status: "queued" as const };
    },
  }),
  route({
    method: "get",
    path: "/v1/scans/{id}",
    id: "getScan",
    summary: "The report of a scan, by its id or by the request that asked for it; 404 until it is done",
    params: schemas.scanParams,
    response: reportSchema,
    errors: [404],
    async handle(platform, { params }) {
      if (!params.id.startsWith("request:")) return getReport(platform, params.id);
      const [scan] = await scansOfCause(platform.table, params.id);
      return scan === undefined ? undefined : getReport(platform, scan);
    },
  }),
];

const operationRoutes = [
  route({
    method: "get",
    path: "/v1/advisories",
    id: "advisoryStatus",
    summary: "The advisory data in use and its age",
    response: openAdvisoriesStatus.schema,
    handle: (platform) => openAdvisoriesStatus.read(platform),
  }),
  route({
    method: "post",
    path: "/v1/advisories/rematch",
    id: "rematchImages",
    summary: "Have images matched again, from their stored inventories, with the advisories in use",
    body: schemas.rematchBody,
    status: 202,
    response: schemas.rematchAccepted,
    async handle(platform, { body }) {
      await askForRematch(platform, { everything: body.everything || body.all, gone: body.all });
      return { status: "queued" as const };
    },
  }),
  route({
    method: "get",
    path: "/v1/queues",
    id: "listQueues",
    summary: "Queues with what waits in them and their dead letters",
    response: schemas.queueList,
    handle: async (platform) => ({ queues: [...(await platform.queues.status())] }),
  }),
  route({
    method: "post",
    path: "/v1/queues/{name}/redrive",
    id: "redriveQueue",
    summary: "Put the dead letters of a queue back into it",
    params: schemas.queueParams,
    response: schemas.redriven,
    errors: [404],
    async handle(platform, { params }) {
      const known = (await platform.queues.status()).some(({ name }) => name === params.name);
      if (!known) throw new PermanentError("queue-unknown", `there is no queue ${params.name}`);
      return { moved: await platform.queues.redrive(params.name) };
    },
  }),
];

/** Every operation of the API. */
export const routes = [
  ...findingRoutes,
  ...vexRoutes,
  ...imageRoutes,
  ...scanRoutes,
  ...deliveryRoutes,
  ...operationRoutes,
];

async function viewsOf(platform: ApiPlatform, records: readonly ImageRecord[]) {
  const tags = new Map<string, Map<string, string[]>>();
  const views = [];
  for (const record of records) {
    const repository = repositoryName(record);
    const ofRepository = tags.get(repository) ?? (await tagsOfRepository(platform.table, record));
    tags.set(repository, ofRepository);
    const related = record.parent === undefined ? [record.digest] : [record.digest, record.parent];
    const present = await getPresence(platform.table, record);
    views.push({
      ...record,
      tags: (ofRepository.get(record.digest) ?? []).sort(),
      ...(present === undefined ? {} : { present }),
      running: await servicesRunning(platform.table, related),
    });
  }
  return views;
}

/** Drops keys whose value is undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
