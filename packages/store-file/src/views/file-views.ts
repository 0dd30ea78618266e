/**
 * Views of the whole log beside it, each in one file with its place in the log. A cache: what cannot be believed counts as
 * missing, and losing it costs a rebuild. Whoever dies or loses power while saving leaves the former view or the new one.
 */
import path from "node:path";
import {
  type Projected,
  type Randomness,
  StoreFault,
  systemRandomness,
  type ViewStore,
} from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import {
  flushDirectory,
  makeDirectories,
  openRegularIfThere,
  readFully,
  readOnly,
} from "../files/safe-files.ts";
import { replaceFile } from "../files/write-file.ts";
import { layoutOf } from "../layout.ts";
import { realRoot } from "../location/local-root.ts";
import { sealLine } from "../log/sealed-line.ts";
import { encodeStreamName } from "../names.ts";
import { readView, viewText } from "./view-line.ts";

export interface FileViewsOptions {
  /** The ledger's directory, as given to `openFileStore`. */
  readonly directory: string;
  /** A larger view is refused with `LIMIT_EXCEEDED`. @defaultValue 268435456 */
  readonly maxBytes?: number;
  readonly files?: FilePort;
  readonly randomness?: Randomness;
}

export const fileViews = ({
  directory,
  maxBytes = 268_435_456,
  files = nodeFiles,
  randomness = systemRandomness,
}: FileViewsOptions): ViewStore => {
  const folder = (): string => layoutOf(realRoot(files, directory)).views;
  return {
    load: async <View>(name: string, version: number) => {
      try {
        const opened = openRegularIfThere(files, path.join(folder(), fileName(name, version)), readOnly);
        if (opened === undefined) return undefined;
        try {
          const { size } = opened.status;
          if (size > maxBytes) return undefined;
          return readView<View>(readFully(files, opened.fd, 0, size), name, version);
        } finally {
          files.close(opened.fd);
        }
      } catch {
        return undefined;
      }
    },
    save: async (name, version, projected) => {
      const line = sealLine(viewText(name, version, projected as Projected<never>));
      if (line.length > maxBytes) throw viewTooLarge(name, line.length, maxBytes);
      try {
        const target = folder();
        makeDirectories(files, target);
        replaceDurably(files, target, fileName(name, version), line, randomness);
      } catch (error) {
        throw faultOf(error, "write", { view: name });
      }
    },
    drop: async (name, version) => {
      try {
        const target = path.join(folder(), fileName(name, version));
        if (files.lstat(target) !== undefined) files.unlink(target);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw faultOf(error, "write", { view: name });
      }
    },
  };
};

const fileName = (name: string, version: number): string => `${encodeStreamName(name)}.${version}.json`;

/** Source: durability rules, section 6. A rename without a flush of its directory is lost with the power. */
const replaceDurably = (
  files: FilePort,
  folder: string,
  name: string,
  bytes: Uint8Array,
  randomness: Randomness,
): void => {
  const temporary = path.join(folder, `.${randomness.uuid()}.tmp`);
  replaceFile(files, path.join(folder, name), temporary, bytes, { flush: true });
  flushDirectory(files, folder, (error) => placeUnconfirmed(name, error));
};

const placeUnconfirmed = (file: string, cause: unknown): StoreFault =>
  new StoreFault("DURABILITY_UNKNOWN", `the disk did not confirm that ${file} is in its place`, {
    outcome: "unknown",
    retryable: true,
    hint: "After a power cut the former view may be there again, whole. Catch up once more.",
    details: { file },
    cause,
  });

const viewTooLarge = (view: string, bytes: number, limit: number): StoreFault =>
  new StoreFault("LIMIT_EXCEEDED", `the view ${view} is too large to be stored (${bytes} bytes)`, {
    outcome: "not_written",
    retryable: false,
    hint: "Keep less in it, split it by category, or raise maxBytes.",
    details: { view, bytes, limit },
  });
