/** Digests and name-based ids, with or without `node:crypto`. */
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson } from "./json.ts";

type HashFunction = (text: string) => string;

/** SHA-256 in plain JavaScript: what runs where the platform offers nothing synchronous. */
export const portableSha256Hex: HashFunction = (text) => bytesToHex(sha256(utf8ToBytes(text)));

interface BuiltinModules {
  readonly process?: {
    getBuiltinModule?(name: string): { hash?(algorithm: string, text: string): string } | undefined;
  };
}

let chosen: HashFunction | undefined;

/** Node's own hash is nine times as fast, which is felt in every command; it is looked up on first use, so that importing core loads nothing. */
const chooseSha256 = (): HashFunction => {
  const builtin = (globalThis as BuiltinModules).process?.getBuiltinModule?.("node:crypto");
  return builtin?.hash === undefined
    ? portableSha256Hex
    : (text) => (builtin.hash as NonNullable<typeof builtin.hash>)("sha256", text);
};

/** SHA-256 of a text's UTF-8 bytes, as 64 lower-case hexadecimal digits. */
export const sha256Hex: HashFunction = (text) => {
  chosen ??= chooseSha256();
  return chosen(text);
};

/** SHA-256 of a value's canonical JSON. */
export const digestOf = (value: unknown): string => sha256Hex(canonicalJson(value));

/** The namespace under which event ids are derived; a fixed random UUID that never changes. */
export const eventNamespace = "7d3c2f4e-52a1-4c0b-9a57-1f0d6be1c9a8";

/**
 * The UUID that stands for `name` in `namespace`.
 *
 * Source: RFC 9562 section 5.5 (UUID version 5).
 */
export const nameBasedUuid = (namespace: string, name: string): string => {
  const spaceBytes = hexToBytes(namespace.replaceAll("-", ""));
  const nameBytes = utf8ToBytes(name);
  const input = new Uint8Array(spaceBytes.length + nameBytes.length);
  input.set(spaceBytes);
  input.set(nameBytes, spaceBytes.length);
  const hash = sha1(input).slice(0, 16);
  hash[6] = ((hash[6] as number) & 0x0f) | 0x50;
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80;
  const hex = bytesToHex(hash);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** The id of the event at `index` among those a command wrote: a retry of the command derives the same ids. */
export const eventIdOf = (commandId: string, index: number): string =>
  nameBasedUuid(eventNamespace, `${commandId}/${index}`);
