/**
 * Erlang and Elixir applications: `ebin/<name>.app`, which every compiled application has, in a release as in a build.
 * What Erlang/OTP and Elixir ship is of type otp; for others, an application is named as its package on Hex.
 */
import type { Extractor } from "../../extractor.ts";
import { text } from "../../fields.ts";
import { readApplication } from "./terms.ts";

/** https://www.erlang.org/doc/applications.html, former ones included, and what Elixir itself is made of. */
const shipped: ReadonlySet<string> = new Set(
  `asn1 common_test compiler cosEvent cosEventDomain cosFileTransfer cosNotification cosProperty cosTime
  cosTransactions crypto debugger dialyzer diameter edoc eldap erl_docgen erl_interface erts et eunit ftp gs hipe ic
  inets jinterface kernel megaco mnesia observer odbc orber os_mon ose otp_mibs parsetools percept public_key reltool
  runtime_tools sasl snmp ssh ssl stdlib syntax_tools test_server tftp tools typer webtool wx xmerl
  eex elixir ex_unit iex logger mix`.split(/\s+/),
);
const validName = /^[a-z][A-Za-z0-9_@]*$/;
const validVersion = /^[0-9A-Za-z][0-9A-Za-z._+~-]*$/;

export const extractor: Extractor = {
  name: "elixir-otp",
  version: 1,
  kind: "language",
  wants: { suffixes: [".app"], accept: (path) => /(^|\/)ebin\/[^/]+\.app$/.test(path) },
  mode: "buffer",
  maxBytes: 4 * 1024 * 1024,
  extract({ content }) {
    const application = readApplication(content.toString("utf8"));
    const name = text(application?.name, 256);
    const version = text(application?.version, 128);
    if (name === undefined || version === undefined || !validName.test(name) || !validVersion.test(version)) {
      return { partial: [{ reason: "broken-record", detail: "no usable name or version" }] };
    }
    const licenses = application?.licenses.flatMap((one) => text(one) ?? []) ?? [];
    const type = shipped.has(name) ? "otp" : "hex";
    return { packages: [{ type, name, version, ...(licenses.length > 0 && { licenses }) }] };
  },
};
