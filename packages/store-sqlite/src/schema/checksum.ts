/** The checksum of a row: CRC-32 of its other columns in their order, as UTF-8 text, a LF between them, NULL as nothing. */
import type { SqlValue } from "../driver/driver.ts";

/** Loaded with the first row: a command that only says where the ledger is does without it. */
let crc32 = (data: string | Uint8Array): number => {
  crc32 = process.getBuiltinModule("node:zlib").crc32;
  return crc32(data);
};

/** `columns` without the checksum; more of them may follow, as in a row that was read. */
export const crcOfColumns = (columns: readonly SqlValue[], count: number = columns.length): number => {
  let text = String(columns[0] ?? "");
  for (let index = 1; index < count; index += 1) text += `\n${columns[index] ?? ""}`;
  return crc32(text);
};

/** The same of columns that were put together already, as UTF-8. */
export const crcOfBytes = (bytes: Uint8Array): number => crc32(bytes);
