/** Texts that a command is given: from a file, or from standard input. */
import fs from "node:fs";
import path from "node:path";
import { usage } from "../output/problem.ts";
import type { Io } from "./io.ts";

/** Longest text that is read from a file or from standard input, in bytes. */
const maxTextBytes = 1_048_576;

/** Of the file at a path from `cwd`, or of standard input for `-`. Throws `USAGE` for what is too long, no text or not to be read. */
export const readText = (
  file: string,
  { cwd, io }: { readonly cwd: string; readonly io: Io },
): Promise<string> => (file === "-" ? readStandardInput(io) : readFile(path.resolve(cwd, file)));

const decode = (bytes: Uint8Array, from: string): string => {
  if (bytes.length > maxTextBytes) throw usage(`${from} is longer than ${maxTextBytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw usage(`${from} is not UTF-8 text`);
  }
};

const readFile = async (file: string): Promise<string> => {
  let bytes: Uint8Array;
  try {
    if (fs.statSync(file).size > maxTextBytes) throw usage(`${file} is longer than ${maxTextBytes} bytes`);
    bytes = fs.readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || code === "USAGE") throw error;
    throw usage(`${file} cannot be read: ${code}`);
  }
  return decode(bytes, file);
};

const readStandardInput = async ({ stdin }: Io): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin ?? []) {
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    chunks.push(bytes);
    size += bytes.length;
    if (size > maxTextBytes) break;
  }
  return decode(Buffer.concat(chunks), "standard input");
};
