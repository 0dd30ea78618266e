/** Where the answers of a read go: waits while the reader's window is full, and ends the moment the reader is gone. */

import { setTimeout as sleep } from "node:timers/promises";
import type { ServerWritableStream } from "@grpc/grpc-js";
import { asStatus } from "../wire/refusals.ts";
import type { streamsMessages } from "../wire/stubs.ts";
import type { ReadTerms, WireCall } from "./gate.ts";

export type ReadResp = streamsMessages.ReadResp;
/** Bytes are answers that were encoded already. */
export type ReadCall = ServerWritableStream<streamsMessages.ReadReq, ReadResp | Buffer>;

export interface Outlet {
  readonly isOpen: () => boolean;
  /** `undefined` where the next message may follow at once; else wait for it. */
  message(response: ReadResp | Buffer): Promise<void> | undefined;
  /** Like `message`, for one that counts as an event. Nothing follows the last one the terms allow. */
  event(response: Buffer): Promise<void> | undefined;
  /** Resolves on `wake` or when the reader is gone. */
  pause(onWake: (wake: () => void) => () => void): Promise<void>;
  end(): void;
  fail(error: unknown): void;
}

export const openOutlet = (call: ReadCall, here: WireCall, terms: ReadTerms): Outlet => {
  const { atMost = Number.POSITIVE_INFINITY, msBetween = 0, whenOver, standstill } = terms;
  let sent = 0;
  let hasEnded = false;
  const isOpen = (): boolean => !hasEnded && !here.signal.aborted;

  const pause = (onWake: (wake: () => void) => () => void): Promise<void> =>
    new Promise((resolve) => {
      if (here.signal.aborted) return resolve();
      const wake = (): void => {
        here.signal.removeEventListener("abort", wake);
        leave();
        resolve();
      };
      here.signal.addEventListener("abort", wake);
      const leave = onWake(wake);
    });
  const drained = (): Promise<void> =>
    pause((wake) => {
      call.once("drain", wake);
      return () => void call.off("drain", wake);
    });
  const message = (response: ReadResp | Buffer): Promise<void> | undefined => {
    if (!isOpen()) return undefined;
    return call.write(response) ? undefined : drained();
  };
  const end = (): void => {
    if (!isOpen()) return;
    hasEnded = true;
    call.end();
  };
  const failed = (error: unknown): void => void call.emit("error", asStatus(error));
  const over = (): void => {
    if (whenOver === undefined || !isOpen()) end();
    else {
      hasEnded = true;
      whenOver().catch((error: unknown) => here.signal.aborted || failed(error));
    }
  };
  const counted = (response: Buffer): Promise<void> | undefined => {
    const waiting = message(response);
    sent++;
    if (sent >= atMost) over();
    return waiting;
  };
  return {
    isOpen,
    message,
    event: (response) => {
      if (sent >= atMost) {
        over();
        return undefined;
      }
      const standing = standstill?.();
      if (standing !== undefined)
        return standing.then(
          () => counted(response),
          () => undefined,
        );
      if (msBetween === 0) return counted(response);
      return sleep(msBetween, undefined, { signal: here.signal }).then(
        () => counted(response),
        () => undefined,
      );
    },
    pause,
    end,
    fail: (error) => {
      if (!isOpen()) return;
      hasEnded = true;
      failed(error);
    },
  };
};
