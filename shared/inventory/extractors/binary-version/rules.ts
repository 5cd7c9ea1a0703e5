/**
 * Software that no package manager installed, by what its own executables say of their version. To add one is to add
 * a rule here. Go programs are not in this table: what they were built from stands in them (`go-binary`).
 */

export interface VersionPattern {
  /** Name in the purl. */
  readonly product: string;
  /** Vendor and product, where the CPE dictionary has them. */
  readonly cpe?: string;
  /**
   * What to look for, in Latin-1. One that begins with a rare character, and of seven characters or more, is found
   * several times faster.
   */
  readonly needle: string;
  /** Over the needle and what stands around it; the first group is the version. */
  readonly version: RegExp;
  /** How many bytes before the needle count. Default 64. */
  readonly before?: number;
}

export interface Rule {
  /** The file's name. */
  readonly names: RegExp;
  /** What is found first in the file counts. */
  readonly patterns: readonly VersionPattern[] | ((name: RegExpExecArray) => readonly VersionPattern[]);
}

const node = { product: "node", cpe: "nodejs:node.js" };
const redis = { product: "redis", cpe: "redis:redis" };
const mariadb = { product: "mariadb", cpe: "mariadb:mariadb" };
const mysql = { product: "mysql", cpe: "oracle:mysql" };
const haproxy = { product: "haproxy", cpe: "haproxy:haproxy" };
const curl = { product: "curl", cpe: "haxx:curl" };

export const rules: readonly Rule[] = [
  {
    names: /^node(?:js)?(?:\.exe)?$/,
    patterns: [
      { ...node, needle: "-headers.tar.gz", version: /\/node-v(\d+\.\d+\.\d+(?:-[a-z]+[.\d]*)?)-headers\.tar\.gz/ },
      // Without the address of a release: one's own builds, and those of distributions.
      { ...node, needle: "node.js/v", version: /node\.js\/v(\d+\.\d+\.\d+(?:-pre)?)/ },
    ],
  },
  {
    names: /^bun(?:\.exe)?$/,
    patterns: [{ product: "bun", cpe: "oven-sh:bun", needle: "bun/1.", version: /(?<!\w)bun\/(\d+\.\d+\.\d+) npm\// }],
  },
  {
    names: /^deno(?:\.exe)?$/,
    // Not the version of its telemetry: `OTel-OTLP-Exporter-Deno/0.80.0`.
    patterns: [{ product: "deno", cpe: "deno:deno", needle: "Deno/", version: /(?<!-)Deno\/(\d+\.\d+\.\d+)/ }],
  },
  {
    names: /^(?:python(\d\.\d+)[a-z]?|libpython(\d\.\d+)[a-z]*\.so[.\d]*)$/,
    patterns([, program, library]) {
      const branch = program ?? library ?? "";
      const version = new RegExp(`\\0(${branch.replace(".", "\\.")}\\.\\d+(?:(?:a|b|rc)\\d+)?\\+?)\\0`);
      return [{ product: "python", cpe: "python:python", needle: `\0${branch}.`, version }];
    },
  },
  {
    names: /^(?:ruby[.\d]*|libruby[-.\d]*\.so[.\d]*)$/,
    patterns: [
      {
        product: "ruby",
        cpe: "ruby-lang:ruby",
        needle: "ruby ",
        // `ruby 3.1.2p20 (2022-04-12 revision 4491bb740a)`: the patch level adds nothing to a released version.
        version: /(?<!\w)ruby (\d+\.\d+\.\d+(?:(?:dev|preview|rc)\d*)?)(?:p\d+)? \(\d{4}-\d\d-\d\d/,
      },
    ],
  },
  {
    names: /^(?:perl(?:5[.\d]*)?|libperl\.so[.\d]*)$/,
    patterns: [{ product: "perl", cpe: "perl:perl", needle: "\0v5.", version: /\0v(5\.\d+\.\d+)\0/ }],
  },
  {
    names: /^(?:php(?:-fpm|-cgi)?[.\d]*|libphp[.\d]*\.so)$/,
    patterns: [
      {
        product: "php",
        cpe: "php:php",
        needle: "X-Powered-By: PHP/",
        version: /X-Powered-By: PHP\/(\d+\.\d+\.\d+(?:(?:alpha|beta|RC)\d+)?)/,
      },
    ],
  },
  {
    names: /^(?:openssl(?:\.exe)?|libcrypto\.so[.\da-z]*)$/,
    patterns: [
      {
        product: "openssl",
        cpe: "openssl:openssl",
        needle: "OpenSSL ",
        // The date tells the version of the library from mentions of others.
        version:
          /(?<!\w)OpenSSL (\d+\.\d+\.\d+(?:[a-z]{1,2}|-(?:alpha|beta|pre)\d+)?)(?:-fips|\+quic| +FIPS)? +\d{1,2} [A-Z][a-z]{2} \d{4}/,
      },
      {
        product: "libressl",
        cpe: "openbsd:libressl",
        needle: "LibreSSL ",
        version: /\0LibreSSL (\d+\.\d+\.\d+)\0/,
      },
    ],
  },
  {
    names: /^(?:curl(?:\.exe)?|libcurl(?:-gnutls|-nss)?\.so[.\d]*)$/,
    patterns: [
      { ...curl, needle: "libcurl/", version: /\0libcurl\/(\d+\.\d+\.\d+)/ },
      { ...curl, needle: "\0curl/", version: /\0curl\/(\d+\.\d+\.\d+)/ },
    ],
  },
  {
    names: /^busybox(?:[.-].*)?$/,
    patterns: [
      { product: "busybox", cpe: "busybox:busybox", needle: "BusyBox v", version: /\0BusyBox v(\d+\.\d+\.\d+)/ },
    ],
  },
  {
    names: /^(?:bash|bash\.exe)$/,
    patterns: [
      { product: "bash", cpe: "gnu:bash", needle: "@(#)Bash version ", version: /Bash version (\d+\.\d+\.\d+)\(/ },
    ],
  },
  {
    names: /^git(?:\.exe)?$/,
    patterns: [{ product: "git", cpe: "git-scm:git", needle: "git/2.", version: /(?<![\w.-])git\/(2\.\d+\.\d+)/ }],
  },
  {
    names: /^(?:nginx(?:-debug)?|openresty)$/,
    patterns: [
      {
        product: "nginx",
        cpe: "f5:nginx",
        needle: "nginx version: nginx/",
        version: /nginx version: nginx\/(\d+\.\d+\.\d+)/,
      },
      {
        product: "openresty",
        cpe: "openresty:openresty",
        needle: "nginx version: openresty/",
        version: /nginx version: openresty\/(\d+(?:\.\d+)+)/,
      },
    ],
  },
  {
    names: /^(?:httpd|apache2)$/,
    patterns: [
      {
        product: "httpd",
        cpe: "apache:http_server",
        needle: "Apache/",
        version: /\0Apache\/(\d+\.\d+\.\d+)/,
      },
    ],
  },
  {
    names: /^lighttpd$/,
    patterns: [
      { product: "lighttpd", cpe: "lighttpd:lighttpd", needle: "lighttpd/", version: /\0lighttpd\/(\d+\.\d+\.\d+)/ },
    ],
  },
  {
    names: /^varnishd$/,
    patterns: [
      { product: "varnish", needle: "varnish-", version: /\0\(?varnish-(\d+\.\d+\.\d+) revision [0-9a-f]{40}/ },
    ],
  },
  {
    names: /^haproxy$/,
    patterns: [
      { ...haproxy, needle: ", released 2", version: /version (\d+\.\d+(?:\.\d+|-dev\d+))[^\0,]*, released 2\d{3}/ },
      { ...haproxy, needle: "HA-Proxy version ", version: /HA-Proxy version (\d+\.\d+(?:\.\d+|-dev\d+))/ },
    ],
  },
  {
    names: /^envoy$/,
    patterns: [
      {
        product: "envoy",
        cpe: "envoyproxy:envoy",
        needle: "envoy_reloadable_features",
        version: /\0(1\.\d{2}\.\d{1,2}(?:-dev)?)\0/,
        before: 1024,
      },
    ],
  },
  {
    names: /^redis-(?:server|sentinel|cli|benchmark|check-(?:aof|rdb))$/,
    // The version, then what identifies the build: `7.2.4buildkitsandbox-1704812345000000000`, or twelve digits of a
    // container's name. With nothing between them the version could not be told from what follows.
    patterns: [
      { ...redis, needle: "buildkitsandbox-", version: /(?<![\d.])(\d+\.\d+\.\d+)buildkitsandbox-\d{10}/ },
      { ...redis, needle: "000000000\0", version: /(?<![\d.])(\d+\.\d+\.\d+)[0-9a-f]{12}-\d{10}0{9}\0/ },
    ],
  },
  {
    names: /^valkey-(?:server|sentinel|cli|benchmark|check-(?:aof|rdb))$/,
    patterns: [
      {
        product: "valkey",
        cpe: "lfprojects:valkey",
        needle: "buildkitsandbox-",
        version: /(?<![\d.])(\d+\.\d+\.\d+)buildkitsandbox-\d{10}/,
      },
    ],
  },
  {
    names: /^memcached$/,
    patterns: [
      {
        product: "memcached",
        cpe: "memcached:memcached",
        needle: "memcached ",
        version: /\0memcached (\d+\.\d+\.\d+)/,
      },
    ],
  },
  {
    names: /^(?:postgres|psql)$/,
    patterns: [
      {
        product: "postgresql",
        cpe: "postgresql:postgresql",
        needle: "(PostgreSQL) ",
        version: /(?:postgres|psql) \(PostgreSQL\) (\d+(?:\.\d+)+|\d+(?:alpha|beta|rc)\d+)/,
      },
    ],
  },
  {
    names: /^(?:mysqld?|mariadbd?)$/,
    patterns: [
      { ...mariadb, needle: "-MariaDB", version: /\0(\d+\.\d+\.\d+)-MariaDB/ },
      { ...mysql, needle: "/mysql-", version: /\/mysql-(\d+\.\d+\.\d+)(?:-[a-z]+\d*)?\// },
      { ...mysql, needle: "\0mysql_", version: /\0(\d+\.\d+\.\d+)\0{1,16}mysql_/ },
    ],
  },
  {
    names: /^mongo[ds]?$/,
    patterns: [
      { product: "mongodb", cpe: "mongodb:mongodb", needle: "\0tcmalloc", version: /\0(\d+\.\d+\.\d+)\0tcmalloc/ },
    ],
  },
];
