/** Go's module file: https://go.dev/ref/mod#go-mod-file. What it requires, after its replacements. */
import { brokenDocument } from "../../documents/value.ts";
import { type Lock, type LockFormat, lockFileExtractor } from "../../lock-file.ts";

interface Module {
  readonly path: string;
  readonly version: string | undefined;
}

const goMod: LockFormat = {
  // Go's own installation has modules of its generators and tests; its tools skip folders that begin with `_`.
  wants: { basenames: ["go.mod"], accept: (path) => !/^usr\/(local\/go|lib\/go[^/]*)\/|(^|\/)_[^/]*\//.test(path) },
  read(content, lock) {
    const required: Module[] = [];
    /** By path, and by path and version; without a version it is a folder. */
    const replaced = new Map<string, Module>();
    let module: string | undefined;
    for (const [directive, words] of directivesOf(content)) {
      const [first = "", second, ...rest] = words;
      if (directive === "module") module = first;
      else if (directive === "require") required.push({ path: first, version: second });
      else if (directive === "replace") {
        const arrow = words.indexOf("=>");
        const [path = "", version] = words.slice(arrow + 1);
        if (arrow > 0 && rest.length > 0) replaced.set(words.slice(0, arrow).join("@"), { path, version });
      }
    }
    if (module === undefined) throw brokenDocument("no module file of Go");
    // The standard library and the tools, in Go's own installation.
    if (module === "std" || module === "cmd") return;
    for (const one of required)
      report(replaced.get(`${one.path}@${one.version}`) ?? replaced.get(one.path) ?? one, one, lock);
  },
};

function report(module: Module, required: Module, lock: Lock): void {
  const isFolder = module !== required && module.version === undefined;
  if (!isFolder) lock.add({ name: module.path, version: module.version });
}

/** Directives with their words, those in parentheses one by one. */
function* directivesOf(content: string): Generator<[directive: string, words: readonly string[]]> {
  let block: string | undefined;
  for (const line of content.split("\n")) {
    const words = (line.split("//", 1)[0] ?? "")
      .split(/[\s\0]+/)
      .filter((word) => word !== "")
      .map(unquoted);
    const [first = "", second] = words;
    if (first === "") continue;
    if (block !== undefined) {
      if (first === ")") block = undefined;
      else yield [block, words];
    } else if (second === "(") block = first;
    else yield [first, words.slice(1)];
  }
}

function unquoted(word: string): string {
  return word.replace(/^(["`])(.*)\1$/, "$2");
}

export const extractor = lockFileExtractor({ name: "go-lock", version: 1, type: "golang", formats: [goMod] });
