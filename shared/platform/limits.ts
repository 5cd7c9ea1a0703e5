/**
 * Every bound on hostile input, in one place. Reaching one is never silent: it is a typed error, or a `partial`
 * result that names the limit and the place.
 */
const kB = 1024;
const MB = 1024 * kB;
const GB = 1024 * MB;

export const limits = {
  /** Webhooks and API requests. */
  requestBytes: 1 * MB,
  /** Events normalised out of one webhook delivery. */
  eventsPerDelivery: 100,
  /** Registry documents. */
  manifestBytes: 4 * MB,
  configBytes: 8 * MB,
  tokenResponseBytes: 256 * kB,
  manifestsPerIndex: 200,
  layersPerImage: 500,
  redirects: 5,
  /** Compressed and uncompressed bytes of one layer, and of one image. */
  layerBytes: 20 * GB,
  layerRawBytes: 50 * GB,
  /** Uncompressed over compressed, once `ratioFloorBytes` have been produced. */
  compressionRatio: 1100,
  ratioFloorBytes: 64 * MB,
  entriesPerLayer: 5_000_000,
  /** Directories that lead to a layer's entries, named or not. */
  leadingDirectoriesPerLayer: 5_000_000,
  pathBytes: 4096,
  tarMetadataBytes: 1 * MB,
  /** Members of an image archive: its layers and documents, not the files in them. */
  archiveMembers: 100_000,
  /** Components of a path that matters (package evidence, links, whiteouts). */
  pathDepth: 256,
  /** Symlinks of one layer, and its whiteouts. */
  linksPerLayer: 250_000,
  whiteoutsPerLayer: 250_000,
  linksPerImage: 1_000_000,
  /** Text of the links and whiteouts of one layer: a million real ones take 60 MB. */
  linkTextPerLayer: 64 * MB,
  /** Layers' records that are kept while a lower layer is still read; the others are loaded again. */
  waitingRecordBytes: 32 * MB,
  /** What the files of one layer tell, as JSON: 200,000 packages take about 70 MB. */
  factTextPerLayer: 96 * MB,
  /** Files of one layer that are listed as not read. */
  partialPerLayer: 10_000,
  /** Files with set-user-ID or set-group-ID: noted of one layer, and listed of an image. */
  privilegedFilesPerLayer: 10_000,
  privilegedFilesListed: 200,
  /** Secrets: of one file, and of an image. */
  secretsPerFile: 100,
  secretsPerImage: 5000,
  /** Components of paths that are followed in one layer's merge, and afterwards in the merged image. */
  mergeSteps: 20_000_000,
  lookupSteps: 50_000_000,
  /** One file handed to an extractor. */
  fileBytes: 256 * MB,
  /** A compressed list of packages (Chisel), expanded. */
  packageManifestBytes: 64 * MB,
  /** Repositories, content sets and product labels of one image. */
  buildFactsPerImage: 2000,
  /** Rows of a package database, and of a log beside it, whose places are kept so that a log of another layer applies. */
  databaseRows: 250_000,
  /** Files held until the end of a layer because they belong together. */
  heldBytes: 320 * MB,
  /** Archives inside of files (jars, eggs): archives in archives, how much one unpacks, all of a file's, and entries. */
  archiveDepth: 5,
  archiveEntryBytes: 128 * MB,
  archiveRawBytes: 1 * GB,
  archiveEntries: 1_000_000,
  /** Unpacked over packed, for what unpacks to more than the floor. */
  archiveRatio: 200,
  archiveRatioFloorBytes: 1 * MB,
  /** What a streaming extractor sees before it decides, and the least size of an executable that is looked at. */
  streamHeadBytes: 16 * kB,
  executableFloorBytes: 16 * kB,
  /** Bytes of one file that a streaming extractor may ask for again. */
  rangeBytes: 8 * MB,
  /** What a compiler wrote into an executable of how it was built (the largest Go programs come to 200 kB). */
  buildInfoBytes: 4 * MB,
  packagesPerImage: 200_000,
  /** The same, counted in every layer that names them: package databases come again with each layer that changes them. */
  packageMentionsPerImage: 2_000_000,
  jsonDepth: 64,
  /** Nesting of lock files, SBOMs and project files found in an image. */
  documentDepth: 256,
  /** Values in one of them, each of which takes about 100 bytes of memory however short it is written. */
  documentValues: 750_000,
  /** One lock file or SBOM found in an image. */
  lockFileBytes: 8 * MB,
  sbomBytes: 16 * MB,
  /** Advisory sources. */
  advisoryRecordBytes: 16 * MB,
  advisoryFileBytes: 8 * GB,
  advisoryFilesPerSource: 2_000_000,
  /** Characters kept of what a record says at length. */
  advisoryDescription: 1000,
  /** Versions listed one by one for one package of one record, beyond those its ranges cover. */
  advisoryVersions: 2000,
  /** One opened shard. */
  advisoryShardBytes: 512 * MB,
  /** VEX: one document, its statements, its products with their components, a text in it, and what is told of its faults. */
  vexDocumentBytes: 16 * MB,
  vexStatements: 100_000,
  vexProducts: 1_000_000,
  vexTextCharacters: 2000,
  vexProblems: 100,
  /** Files that one setting or option leads to, and their bytes. */
  vexFiles: 5000,
  vexFilesBytes: 256 * MB,
  /** What is stored beside an image about it: documents, one of them (VEX in base64), and all of them. */
  attachedDocuments: 50,
  attachedDocumentBytes: 24 * MB,
  attachedBytes: 64 * MB,
  /** Findings in one VEX document that is written. */
  vexFindings: 10_000,
  /** Packages of one shard that a change of the advisories tells one by one; beyond, the shard counts as changed whole. */
  changedPackagesPerShard: 20_000,
  /** One document of a re-match, expanded; images in one batch of it; findings and images that its report lists. */
  rematchDocumentBytes: 256 * MB,
  imagesPerBatch: 25,
  findingsPerReport: 20_000,
  imagesPerReport: 1000,
  /** The store (DynamoDB, S3, SQS and EventBridge allow a little more; the embedded adapters hold the same line). */
  keyBytes: 1024,
  itemBytes: 350 * kB,
  transactionBytes: 4 * MB,
  blobKeyBytes: 512,
  messageBytes: 256 * kB,
  eventBytes: 256 * kB,
  /** Clusters, as their clouds describe them. */
  clustersPerRegion: 5000,
  servicesPerCluster: 5000,
  tasksPerCluster: 10_000,
  taskDefinitionsPerCluster: 1000,
  clusterTextCharacters: 2048,
  /** Events remembered per cluster: with their author, and by id only. */
  causesPerCluster: 50,
  seenEventsPerCluster: 300,
  /** Differences listed of one change before they are told together. */
  differences: 100,
  /** Messages for people. */
  itemsPerMessage: 10,
  /** Reports summed up in one digest. */
  reportsPerDigest: 5000,
  /** API. */
  pageSize: 1000,
} as const;
