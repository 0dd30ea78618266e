/** The real disk with a fault at a chosen call, and a count of what is asked of it. */
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";

export interface FaultyFiles {
  readonly files: FilePort;
  /** The next call of this name whose path or turn fits fails with `errno`. */
  failOnce(call: keyof FilePort, errno: string, skip?: number): void;
  /** The next append writes only so many bytes. */
  shortenNextWrite(bytes: number): void;
  disarm(): void;
  readonly calls: Record<string, number>;
  bytesRead: number;
  readonly fired: boolean;
}

export const errnoError = (errno: string): Error =>
  Object.assign(new Error(`${errno}: injected`), { code: errno });

export const faultyFiles = (): FaultyFiles => {
  let fault: { call: keyof FilePort; errno: string; skip: number } | undefined;
  let shorten: number | undefined;
  let fired = false;
  const calls: Record<string, number> = {};
  const wrapped = Object.fromEntries(
    (Object.keys(nodeFiles) as (keyof FilePort)[]).map((call) => [
      call,
      (...parameters: never[]) => {
        calls[call] = (calls[call] ?? 0) + 1;
        if (fault?.call === call && fault.skip-- === 0) {
          const { errno } = fault;
          fault = undefined;
          fired = true;
          throw errnoError(errno);
        }
        return (nodeFiles[call] as (...all: never[]) => unknown)(...parameters);
      },
    ]),
  ) as unknown as FilePort;
  const faulty: FaultyFiles = {
    files: {
      ...wrapped,
      read: (...parameters) => {
        const got = wrapped.read(...parameters);
        faulty.bytesRead += got;
        return got;
      },
      write: (fd, buffer, offset, length, position) => {
        if (shorten === undefined || position !== null)
          return wrapped.write(fd, buffer, offset, length, position);
        const bytes = shorten;
        shorten = undefined;
        fired = true;
        return nodeFiles.write(fd, buffer, offset, Math.min(bytes, length), position);
      },
    },
    failOnce: (call, errno, skip = 0) => {
      fired = false;
      fault = { call, errno, skip };
    },
    shortenNextWrite: (bytes) => {
      fired = false;
      shorten = bytes;
    },
    disarm: () => {
      fault = undefined;
    },
    calls,
    bytesRead: 0,
    get fired() {
      return fired;
    },
  };
  return faulty;
};
