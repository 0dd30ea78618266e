/** A server that stands still, as after SIGSTOP: what arrives waits, and is carried out afterwards whether or not anybody still asks. */
import { notReady } from "./wire/refusals.ts";

export interface PauseSwitch {
  readonly pause: () => void;
  readonly resume: () => void;
  /** What waits is never carried out: the server was killed while it stood still. */
  readonly drop: () => void;
  /** Resolves when the server goes on; undefined where it does not stand still. */
  readonly over: () => Promise<void> | undefined;
}

export const pauseSwitch = (): PauseSwitch => {
  let standstill: { readonly over: Promise<void>; readonly end: (error?: Error) => void } | undefined;
  const end = (error?: Error): void => {
    const ended = standstill;
    standstill = undefined;
    ended?.end(error);
  };
  return {
    pause: () => {
      if (standstill !== undefined) return;
      let settle: (error?: Error) => void = () => {};
      const over = new Promise<void>((resolve, reject) => {
        settle = (error) => (error === undefined ? resolve() : reject(error));
      });
      // Often nobody waits.
      over.catch(() => {});
      standstill = { over, end: settle };
    },
    resume: () => end(),
    drop: () => end(notReady()),
    over: () => standstill?.over,
  };
};
