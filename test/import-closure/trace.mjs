/** Preloaded with `--import`: traces what is imported (through loader hooks) and what is required (through the CommonJS loader). */
import { appendFileSync } from "node:fs";
import Module, { register } from "node:module";

const traceFile = process.env.TRACE_FILE;
register("./hooks.mjs", import.meta.url, { data: { traceFile } });

const resolveRequired = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => {
  const resolved = resolveRequired(request, ...rest);
  const builtin = !resolved.includes("/") && !resolved.includes("\\");
  appendFileSync(traceFile, `${builtin && !resolved.startsWith("node:") ? `node:${resolved}` : resolved}\n`);
  return resolved;
};
