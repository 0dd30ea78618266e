/** The real disk for a process that dies at its n-th call: neither that call nor any after it reaches the disk. */
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { errnoError } from "./faulty-files.ts";

export interface DyingFiles {
  readonly files: FilePort;
  readonly died: boolean;
  /** The calls that reached the disk. */
  readonly calls: readonly string[];
}

export const dyingAt = (turn: number): DyingFiles => {
  let left = turn;
  let died = false;
  const calls: string[] = [];
  const files = Object.fromEntries(
    (Object.keys(nodeFiles) as (keyof FilePort)[]).map((call) => [
      call,
      (...parameters: never[]) => {
        // A dead process's descriptors and locks are freed by the kernel.
        if (left <= 0 && (call === "close" || call === "unlock"))
          return (nodeFiles[call] as (...all: never[]) => unknown)(...parameters);
        if (left <= 0) {
          died = true;
          throw errnoError("EKILLED");
        }
        left -= 1;
        calls.push(call);
        return (nodeFiles[call] as (...all: never[]) => unknown)(...parameters);
      },
    ]),
  ) as unknown as FilePort;
  return {
    files,
    get died() {
      return died;
    },
    calls,
  };
};
