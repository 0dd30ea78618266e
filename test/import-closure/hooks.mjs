/** Runs on Node's loader thread: writes down every module that an import resolves to. */
import { appendFileSync } from "node:fs";

let traceFile;

export const initialize = (data) => {
  traceFile = data.traceFile;
};

export const resolve = async (specifier, context, nextResolve) => {
  const resolved = await nextResolve(specifier, context);
  appendFileSync(traceFile, `${resolved.url}\n`);
  return resolved;
};
