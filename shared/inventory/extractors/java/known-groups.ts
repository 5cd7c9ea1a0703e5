/**
 * Groups of widely used artifacts whose archives state none: their projects build without Maven and leave no
 * pom.properties. Each rule asks for the name and for something inside the archive, so that a namesake is not taken
 * for one of them.
 */
export interface Known {
  readonly group: string;
  readonly artifact: RegExp;
  /** A directory of classes that it has; or the beginning of its Automatic-Module-Name or Bundle-SymbolicName. */
  readonly directory?: string;
  readonly module?: string;
}

export const knownGroups: readonly Known[] = [
  {
    group: "org.springframework.boot",
    artifact: /^spring-boot(-[a-z0-9-]+)?$/,
    directory: "org/springframework/boot/",
    module: "spring.boot",
  },
  {
    group: "org.springframework.security",
    artifact: /^spring-security-[a-z0-9-]+$/,
    directory: "org/springframework/security/",
  },
  {
    group: "org.springframework",
    artifact:
      /^spring-(aop|aspects|beans|context|context-indexer|context-support|core|core-test|expression|instrument|jcl|jdbc|jms|messaging|orm|oxm|r2dbc|test|tx|web|webflux|webmvc|webmvc-portlet|websocket)$/,
    directory: "org/springframework/",
    module: "spring.",
  },
  {
    group: "org.springframework.amqp",
    artifact: /^spring-(amqp|rabbit[a-z-]*)$/,
    directory: "org/springframework/amqp/",
  },
  { group: "org.springframework.batch", artifact: /^spring-batch-[a-z-]+$/, directory: "org/springframework/batch/" },
  {
    group: "org.springframework.integration",
    artifact: /^spring-integration-[a-z0-9-]+$/,
    directory: "org/springframework/integration/",
  },
  { group: "org.springframework.kafka", artifact: /^spring-kafka(-test)?$/, directory: "org/springframework/kafka/" },
  {
    group: "org.springframework.session",
    artifact: /^spring-session-[a-z-]+$/,
    directory: "org/springframework/session/",
  },
  { group: "org.apache.tomcat.embed", artifact: /^tomcat-embed-[a-z-]+$/, module: "org.apache.tomcat-embed-" },
  { group: "org.apache.tomcat", artifact: /^tomcat-[a-z0-9-]+$/, module: "org.apache.tomcat-" },
  {
    group: "org.apache.kafka",
    artifact:
      /^(kafka_2\.\d+|kafka-(clients|raft|server|server-common|storage|storage-api|streams|tools|metadata)|connect-[a-z-]+)$/,
    directory: "org/apache/kafka/",
  },
  { group: "org.apache.lucene", artifact: /^lucene-[a-z-]+$/, directory: "org/apache/lucene/" },
  { group: "org.apache.solr", artifact: /^solr-(core|solrj|analytics|velocity)$/, directory: "org/apache/solr/" },
  { group: "org.apache.ant", artifact: /^ant(-[a-z0-9-]+)?$/, directory: "org/apache/tools/ant/" },
  { group: "org.apache.groovy", artifact: /^groovy(-[a-z0-9-]+)?$/, module: "org.apache.groovy" },
  { group: "org.codehaus.groovy", artifact: /^groovy(-[a-z0-9-]+)?$/, module: "org.codehaus.groovy" },
  {
    group: "org.elasticsearch",
    artifact: /^elasticsearch(-(core|x-content|cli|geo|lz4|ssl-config))?$/,
    directory: "org/elasticsearch/",
  },
  {
    group: "org.opensearch",
    artifact: /^opensearch(-(core|x-content|cli|common|geo))?$/,
    directory: "org/opensearch/",
  },
  { group: "org.jetbrains.kotlin", artifact: /^kotlin-(stdlib(-[a-z0-9]+)*|reflect)$/, directory: "kotlin/" },
  { group: "com.squareup.okhttp3", artifact: /^(okhttp|okhttp-jvm|logging-interceptor)$/, directory: "okhttp3/" },
  { group: "com.squareup.okio", artifact: /^okio(-jvm)?$/, directory: "okio/" },
  { group: "org.junit.jupiter", artifact: /^junit-jupiter-[a-z]+$/, directory: "org/junit/jupiter/" },
  { group: "org.junit.platform", artifact: /^junit-platform-[a-z-]+$/, directory: "org/junit/platform/" },
  { group: "org.apiguardian", artifact: /^apiguardian-api$/, directory: "org/apiguardian/" },
  { group: "org.opentest4j", artifact: /^opentest4j$/, directory: "org/opentest4j/" },
  { group: "org.checkerframework", artifact: /^checker-(compat-)?qual$/, directory: "org/checkerframework/" },
  { group: "org.reactivestreams", artifact: /^reactive-streams$/, directory: "org/reactivestreams/" },
  { group: "org.lz4", artifact: /^lz4(-java|-pure-java)?$/, directory: "net/jpountz/" },
  { group: "antlr", artifact: /^antlr$/, directory: "antlr/" },
  { group: "xmlpull", artifact: /^xmlpull$/, directory: "org/xmlpull/" },
  { group: "com.h2database", artifact: /^h2$/, directory: "org/h2/" },
];
