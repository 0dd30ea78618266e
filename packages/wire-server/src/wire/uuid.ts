/** Event ids: 16 bytes in the log, text or two 64-bit halves on the wire. */
import type { shared } from "./stubs.ts";

type Uuid = shared.UUID;

const zero = Buffer.alloc(16);
/** What .NET's Guid.Parse takes: with hyphens, without, in braces or parentheses. */
const forms = [
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  /^[0-9a-f]{32}$/i,
  /^\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}$/i,
  /^\([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\)$/i,
];

/** `undefined` for what is no UUID, and for the zero one, which no event may carry. */
export const idBytes = (uuid: Uuid | undefined): Uint8Array | undefined => {
  if (uuid === undefined) return undefined;
  const structured = uuid.getStructured();
  let bytes: Buffer;
  if (structured !== undefined) {
    bytes = Buffer.alloc(16);
    bytes.writeBigInt64BE(BigInt(structured.getMostSignificantBits()), 0);
    bytes.writeBigInt64BE(BigInt(structured.getLeastSignificantBits()), 8);
  } else {
    const text = uuid.getString().trim();
    if (!forms.some((form) => form.test(text))) return undefined;
    bytes = Buffer.from(text.replace(/[-{}()]/g, ""), "hex");
  }
  return bytes.equals(zero) ? undefined : bytes;
};

export const idText = (bytes: Uint8Array): string => {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};
