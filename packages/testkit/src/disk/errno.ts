/** Errors as `node:fs` throws them: an `Error` with the errno's name in `code`. */
export const errnoError = (errno: string, call: string, path?: string): Error =>
  Object.assign(
    new Error(`${errno}: simulated, ${call}${path === undefined ? "" : ` '${path}'`}`),
    path === undefined ? { code: errno, syscall: call } : { code: errno, syscall: call, path },
  );

/** What every call throws in a process that has died: nobody is there any more to be told. */
export class ProcessDied extends Error {
  override readonly name = "ProcessDied";

  constructor(call: string) {
    super(`the process died at ${call}`);
  }
}
