/**
 * Random layers, applied to a reference file system entry by entry as a container runtime unpacks them, and merged
 * from their records. The only evidence is `os-release`, which counts wherever it stands.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildTar, type LayerFile } from "../../../local/demo/build-image.ts";
import { createMerge } from "../../../shared/inventory/merge.ts";
import { recordOf } from "./images.ts";

type Node = { readonly directory: Map<string, Node> } | { readonly link: string } | { readonly content: string };

interface Reference {
  /**
   * Whether a layer replaced something of its own by another of its names, or a link that its own entries led through.
   * What then stands depends on the order of its entries, which no builder relies on, and records do not keep.
   */
  readonly replacedItself: boolean;
  apply(layer: readonly LayerFile[]): void;
  /** Path and id of every os-release that has one. */
  evidence(): string[];
}

/** Unpacks as the image specification says, with links followed inside the root. */
function createReference(): Reference {
  const root = new Map<string, Node>();
  /** What the layer at hand placed. */
  let own = new Set<Node>();
  const followed = new Set<Node>();
  let replacedItself = false;

  function set(directory: Map<string, Node>, name: string, node: Node): void {
    const old = directory.get(name);
    if (old !== undefined && holdsOwn(old)) replacedItself = true;
    own.add(node);
    directory.set(name, node);
  }

  function holdsOwn(node: Node): boolean {
    return own.has(node) || followed.has(node) || ("directory" in node && [...node.directory.values()].some(holdsOwn));
  }

  function lookup(path: readonly string[]): Node | undefined {
    let node: Node | undefined = { directory: root };
    for (const name of path) node = node && "directory" in node ? node.directory.get(name) : undefined;
    return node;
  }

  /** The real path of a directory; undefined in a loop. */
  function realDirectory(path: readonly string[], budget = { left: 40 }): string[] | undefined {
    let real: string[] = [];
    for (const name of path) {
      if (name === "" || name === ".") continue;
      if (name === "..") {
        real = real.slice(0, -1);
        continue;
      }
      const node = lookup([...real, name]);
      if (node && "link" in node) {
        if (budget.left-- <= 0) return undefined;
        followed.add(node);
        const target = node.link.split("/");
        const next = realDirectory(node.link.startsWith("/") ? target : [...real, ...target], budget);
        if (next === undefined) return undefined;
        real = next;
      } else real = [...real, name];
    }
    return real;
  }

  /** Removes what is no directory on the way, and makes what is missing. */
  function makeDirectory(path: readonly string[]): Map<string, Node> {
    let directory = root;
    for (const name of path) {
      let next = directory.get(name);
      if (next === undefined || !("directory" in next)) {
        next = { directory: new Map() };
        set(directory, name, next);
      }
      directory = next.directory;
    }
    return directory;
  }

  function parentOf(path: string): { directory: string[]; base: string } {
    const names = path.split("/");
    const base = names.pop() ?? "";
    return { directory: realDirectory(names) ?? names, base };
  }

  /** A marker below a link that the layer itself replaces speaks of what replaces it: nothing lower is meant. */
  function isMoot(marker: string, named: ReadonlySet<string>): boolean {
    const names = marker.split("/");
    return names.some((_, length) => {
      const ancestor = names.slice(0, length).join("/");
      if (length === 0 || !named.has(ancestor)) return false;
      const { directory, base } = parentOf(ancestor);
      const node = lookup([...directory, base]);
      return node !== undefined && "link" in node;
    });
  }

  function hide(all: readonly LayerFile[]): void {
    const named = new Set(all.filter(({ path }) => !path.includes(".wh.")).map(({ path }) => path.replace(/\/$/, "")));
    const layer = all.filter(({ path }) => path.includes(".wh.") && !isMoot(path, named));
    for (const { path } of layer.filter((file) => file.path.endsWith(".wh..wh..opq"))) {
      const names = path.split("/").slice(0, -1);
      const node = lookup(realDirectory(names) ?? names);
      if (node && "directory" in node) node.directory.clear();
    }
    for (const { path } of layer.filter((file) => /(^|\/)\.wh\.[^.]/.test(file.path))) {
      const { directory, base } = parentOf(path);
      const node = lookup(directory);
      if (node && "directory" in node) node.directory.delete(base.slice(4));
    }
  }

  function place(file: LayerFile, contents: Map<string, string>): void {
    const isDirectory = file.path.endsWith("/");
    const { directory, base } = parentOf(file.path.replace(/\/$/, ""));
    const parent = makeDirectory(directory);
    const old = parent.get(base);
    if (isDirectory) {
      if (old === undefined || !("directory" in old)) set(parent, base, { directory: new Map() });
    } else if (file.linkTo !== undefined) set(parent, base, { link: file.linkTo });
    else {
      const content = file.hardLinkTo === undefined ? String(file.content) : (contents.get(file.hardLinkTo) ?? "");
      contents.set(file.path, content);
      set(parent, base, { content });
    }
  }

  function* walk(directory: Map<string, Node>, path: string): Generator<string> {
    for (const [name, node] of directory) {
      if ("directory" in node) yield* walk(node.directory, `${path}${name}/`);
      else if ("content" in node && name === "os-release" && node.content.startsWith("ID=")) {
        yield `${path}${name} ${node.content}`;
      }
    }
  }

  return {
    get replacedItself() {
      return replacedItself;
    },
    apply(layer) {
      own = new Set();
      hide(layer);
      followed.clear();
      const contents = new Map<string, string>();
      for (const file of layer.filter(({ path }) => !path.includes(".wh."))) place(file, contents);
    },
    evidence: () => [...walk(root, "")].sort(),
  };
}

const directories = ["a", "b", "c"];
const links = ["l", "m"];
const component = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...directories) }, fc.constantFrom(...links));
const directoryPath = fc.array(component, { maxLength: 3 }).map((names) => names.join("/"));
const under = (directory: string, name: string): string => (directory === "" ? name : `${directory}/${name}`);
const content = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 99 }).map((id) => `ID=d${id}`) },
  fc.constant("junk"),
);
const target = fc
  .tuple(fc.constantFrom("/", "", "../", "./"), fc.array(component, { maxLength: 2 }))
  .map(([start, names]) => `${start}${names.join("/")}` || ".");

const evidence = fc.record({ path: directoryPath.map((path) => under(path, "os-release")), content });
const entry: fc.Arbitrary<LayerFile> = fc.oneof(
  { weight: 6, arbitrary: evidence },
  fc.record({ path: directoryPath.map((path) => under(path, "f")), content }),
  fc.record({
    path: fc.tuple(directoryPath, fc.constantFrom(...directories)).map(([path, name]) => under(path, name)),
    content,
  }),
  fc.record({ path: directoryPath.filter((path) => path !== "").map((path) => `${path}/`) }),
  fc.record({ path: directoryPath.map((path) => `${under(path, "os-release")}/`) }),
  {
    weight: 3,
    arbitrary: fc.record({
      path: fc.tuple(directoryPath, fc.constantFrom(...links, ...directories)).map(([path, name]) => under(path, name)),
      linkTo: target,
    }),
  },
  fc.record({
    path: fc
      .tuple(directoryPath, fc.constantFrom(...directories, ...links, "os-release"))
      .map(([path, name]) => under(path, `.wh.${name}`)),
  }),
  fc.record({ path: directoryPath.map((path) => under(path, ".wh..wh..opq")) }),
);

/**
 * As layers are: each path once, nothing below what is no directory (but through the layer's own links, once they
 * are there), and nothing hidden below a path that the layer itself replaces.
 */
function plausible(entries: readonly LayerFile[]): LayerFile[] {
  const kinds = new Map<string, "directory" | "file" | "link">();
  const kept: LayerFile[] = [];
  for (const file of entries) {
    const path = file.path.replace(/\/$/, "");
    const ancestors = path
      .split("/")
      .slice(0, -1)
      .map((_, at, all) => all.slice(0, at + 1).join("/"));
    const isMarker = path.includes(".wh.");
    if (kinds.has(path) || ancestors.some((one) => kinds.get(one) === "file")) continue;
    if (isMarker && ancestors.length > 0) {
      // Whiteouts come before the entries that would change what they mean.
      if (kept.some((other) => !other.path.includes(".wh."))) continue;
    }
    if (!isMarker && [...kinds.keys()].some((one) => one.startsWith(`${path}/`)) && !file.path.endsWith("/")) continue;
    if (!isMarker) {
      for (const one of ancestors) if (!kinds.has(one)) kinds.set(one, "directory");
      kinds.set(path, file.linkTo !== undefined ? "link" : file.path.endsWith("/") ? "directory" : "file");
    }
    kept.push(file);
  }
  return kept;
}

/** Turns some files into hard links to an earlier one of the layer. */
function withHardLinks(layer: readonly LayerFile[], every: number): LayerFile[] {
  const files = layer.filter(({ content: text, path }) => text !== undefined && !path.includes(".wh."));
  const first = files[0];
  return layer.map((file) => {
    const at = files.indexOf(file);
    return first && at > 0 && at % every === 0 ? { path: file.path, hardLinkTo: first.path } : file;
  });
}

const layer = fc
  .tuple(fc.array(entry, { maxLength: 8 }), fc.integer({ min: 1, max: 4 }))
  .map(([entries, every]) => withHardLinks(plausible(entries), every));

describe("merge against a reference file system", () => {
  it("any sequence of layers leaves the same files", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 5 }), async (layers) => {
        const reference = createReference();
        const merge = createMerge();
        for (const files of layers) {
          reference.apply(files);
          merge.apply(await recordOf(buildTar(files)));
        }
        fc.pre(!reference.replacedItself);
        const merged = merge
          .finish()
          .files.map(([path, file]) => `${path} ID=${file.record.facts[0]?.distribution?.id}`);
        expect(merged.sort()).toEqual(reference.evidence());
      }),
      { numRuns: 1000 },
    );
  });
});
