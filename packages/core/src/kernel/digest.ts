/** Digests and name-based ids, with or without `node:crypto`. */
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson } from "./json.ts";

/** Hash functions over UTF-8 text or bytes, as lower-case hexadecimal digits. */
export interface Hashes {
  sha256(data: string | Uint8Array): string;
  sha1(bytes: Uint8Array): string;
}

/** In plain JavaScript: what runs where the platform offers nothing synchronous. */
export const portableHashes: Hashes = {
  sha256: (data) => bytesToHex(sha256(typeof data === "string" ? utf8ToBytes(data) : data)),
  sha1: (bytes) => bytesToHex(sha1(bytes)),
};

interface BuiltinModules {
  readonly process?: {
    getBuiltinModule?(
      name: string,
    ): { hash?(algorithm: string, data: string | Uint8Array): string } | undefined;
  };
}

/** Digests computed in JavaScript before Node's are loaded: more than one cold command needs, and about 1 ms of work. */
const digestsBeforeNative = 64;

let digests = 0;
/**
 * Node's own are nine times as fast, which is felt in every command of a warm process; but loading them takes longer than
 * all the digests of a cold one.
 */
let hashes = (): Hashes => {
  digests += 1;
  if (digests <= digestsBeforeNative) return portableHashes;
  const hash = (globalThis as BuiltinModules).process?.getBuiltinModule?.("node:crypto")?.hash;
  const chosen: Hashes =
    hash === undefined
      ? portableHashes
      : { sha256: (data) => hash("sha256", data), sha1: (bytes) => hash("sha1", bytes) };
  hashes = () => chosen;
  return chosen;
};

/** SHA-256 of bytes, or of a text's UTF-8 bytes, as 64 lower-case hexadecimal digits. */
export const sha256Hex = (data: string | Uint8Array): string => hashes().sha256(data);

/** SHA-256 of a value's canonical JSON. */
export const digestOf = (value: unknown): string => sha256Hex(canonicalJson(value));

/** The namespace under which event ids are derived; a fixed random UUID that never changes. */
export const eventNamespace = "7d3c2f4e-52a1-4c0b-9a57-1f0d6be1c9a8";

const bytesOfUuid = (uuid: string): Uint8Array => hexToBytes(uuid.replaceAll("-", ""));
const eventNamespaceBytes = bytesOfUuid(eventNamespace);

/**
 * The UUID that stands for `name` in `namespace`.
 *
 * Source: RFC 9562 section 5.5 (UUID version 5).
 */
export const nameBasedUuid = (namespace: string, name: string): string =>
  uuidIn(bytesOfUuid(namespace), name);

/** The part of the platform's `TextEncoder` that is used, so that core needs no platform's types. */
interface Utf8Encoder {
  encodeInto(text: string, bytes: Uint8Array): { readonly written: number };
}

const encoder = new (globalThis as unknown as { TextEncoder: new () => Utf8Encoder }).TextEncoder();

/** For names of the usual length: new bytes for each cost three times what hashing them does. */
const scratch = new Uint8Array(1_024);

/** The bytes of a name behind those of its space; good until the next call. */
const nameIn = (spaceBytes: Uint8Array, name: string): Uint8Array => {
  const most = spaceBytes.length + 3 * name.length;
  const bytes = most <= scratch.length ? scratch : new Uint8Array(most);
  bytes.set(spaceBytes);
  const { written } = encoder.encodeInto(name, bytes.subarray(spaceBytes.length));
  return bytes.subarray(0, spaceBytes.length + written);
};

const uuidIn = (spaceBytes: Uint8Array, name: string): string => {
  const hex = hashes().sha1(nameIn(spaceBytes, name));
  const version = `5${hex.slice(13, 16)}`;
  const variant = `${((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16)}${hex.slice(17, 20)}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}-${variant}-${hex.slice(20, 32)}`;
};

/**
 * The id of the event at `index` among those a command wrote to a stream: a retry of the command derives the same ids,
 * and no two events of a ledger share one, even where a command id is used in several streams.
 */
export const eventIdOf = (stream: string, commandId: string, index: number): string =>
  uuidIn(eventNamespaceBytes, `${stream}/${commandId}/${index}`);
