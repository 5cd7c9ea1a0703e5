/** What the layers of made-up images hold: packages as real ones are installed, and files of the same sizes around them. */
import { tarEnd, tarHeader, tarPadding } from "../../shared/registry/archives/tar-header.ts";
import { fill, generator } from "./content.ts";
import type { LayerPlan } from "./images.ts";

const MB = 1_000_000;

function* file(path: string, content: Buffer): Iterable<Buffer> {
  yield tarHeader({ path, type: "file", size: content.length, mode: 0o644 });
  yield content;
  yield tarPadding(content.length);
}

/** Files of many sizes (most small, a few large, as in images) that add up to about `bytes`. */
function* files(folder: string, count: number, bytes: number, seed: number): Iterable<Buffer> {
  const next = generator(seed + 1);
  const weights = Array.from({ length: count }, () => (next() / 0x1_0000_0000) ** 40 + 0.004);
  const unit = bytes / weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    const content = Buffer.allocUnsafe(Math.round(weight * unit));
    fill(content, seed * 100_003 + index);
    yield* file(`${folder}/${Math.floor(index / 50)}/file-${index}`, content);
  }
}

/** A Debian base: its package database, and the files. */
export function base(bytes: number, count: number, packages = 120): LayerPlan {
  const status = Array.from(
    { length: packages },
    (_, index) =>
      `Package: library-${index}\nStatus: install ok installed\nMaintainer: Somebody <somebody@example.test>\n` +
      `Architecture: amd64\nSource: source-${index % 40}\nVersion: 1.${index}-2+deb12u1\nDescription: a library\n`,
  );
  const release = 'PRETTY_NAME="Debian GNU/Linux 12"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n';
  return {
    createdBy: "debian base",
    *tar() {
      yield* file("etc/os-release", Buffer.from(release));
      yield* file("var/lib/dpkg/status", Buffer.from(status.join("\n")));
      for (let index = 0; index < packages; index++) {
        yield* file(`var/lib/dpkg/info/library-${index}.list`, Buffer.from(`/usr/lib/base/${index}\n`.repeat(60)));
      }
      yield* files("usr/lib/base", count, bytes, 1);
      yield tarEnd;
    },
  };
}

/** An application with its npm packages. */
export function application(folder: string, bytes: number, count: number, packages: number): LayerPlan {
  return {
    createdBy: `COPY . /${folder}`,
    *tar() {
      for (let index = 0; index < packages; index++) {
        const description = { name: `package-${index}`, version: `1.0.${index}`, license: "MIT", main: "index.js" };
        const path = `${folder}/node_modules/package-${index}/package.json`;
        yield* file(path, Buffer.from(JSON.stringify(description, undefined, 2)));
      }
      yield* files(`${folder}/node_modules/package-0/lib`, count, bytes, folder.length + 7);
      yield tarEnd;
    },
  };
}

/** What a step of a Dockerfile installs: an interpreter's packages among many files. */
export function installed(step: number, bytes: number, count: number): LayerPlan {
  return {
    createdBy: `RUN install ${step}`,
    *tar() {
      for (let index = 0; index < 20; index++) {
        const metadata = `Metadata-Version: 2.1\nName: module-${step}-${index}\nVersion: 2.${index}\nLicense: BSD\n`;
        yield* file(
          `usr/lib/python3/dist-packages/module_${step}_${index}-2.${index}.dist-info/METADATA`,
          Buffer.from(metadata),
        );
      }
      yield* files(`usr/share/step-${step}`, count, bytes, 1000 + step);
      yield tarEnd;
    },
  };
}

/** Takes files of the layers below away. */
export function deletions(folder: string): LayerPlan {
  return {
    createdBy: "RUN rm -rf node_modules/package-1",
    *tar() {
      yield* file(`${folder}/node_modules/.wh.package-1`, Buffer.alloc(0));
      yield* file(`${folder}/node_modules/package-2/.wh..wh..opq`, Buffer.alloc(0));
      yield tarEnd;
    },
  };
}

/** As many empty files as one asks for, in directories of a thousand. */
export function emptyFiles(count: number): LayerPlan {
  const template = tarHeader({ path: "srv/data/0000/file-0000000", type: "file", size: 0, mode: 0o644 });
  const name = "srv/data/".length;
  const sum = template.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  return {
    createdBy: `COPY ${count} empty files`,
    *tar() {
      const batch = 2000;
      for (let from = 0; from < count; from += batch) {
        const headers = Buffer.alloc(512 * Math.min(batch, count - from));
        for (let index = 0; index * 512 < headers.length; index++) {
          const at = index * 512;
          template.copy(headers, at);
          const number = from + index;
          headers.write(String(Math.floor(number / 1000)).padStart(4, "0"), at + name, "latin1");
          headers.write(String(number).padStart(7, "0"), at + name + "0000/file-".length, "latin1");
          // Only digits changed, and the template's were zeros.
          const digits = `${Math.floor(number / 1000)}${number}`;
          let added = 0;
          for (let digit = 0; digit < digits.length; digit++) added += digits.charCodeAt(digit) - 48;
          headers.write(`${(sum + added).toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
        }
        yield headers;
      }
      yield tarEnd;
    },
  };
}

/** 300 MB in three layers and 13,000 entries: an application on its base. */
export function applicationImage(): LayerPlan[] {
  return [base(250 * MB, 7800), application("app", 45 * MB, 4700, 237), deletions("app")];
}

/** 3.7 GB in ten layers and 128,000 entries: everything that somebody once installed. */
export function largeImage(): LayerPlan[] {
  const sizes = [315, 480, 700, 105, 820, 190, 400, 118];
  return [
    base(150 * MB, 7000),
    ...sizes.map((size, step) => installed(step, size * MB, 12_000)),
    application("srv/apps", 270 * MB, 23_000, 1400),
  ];
}

/** One layer of so many bytes in 2000 files. */
export function bytesImage(megabytes: number): LayerPlan[] {
  return [installed(megabytes, megabytes * MB, 2000)];
}
