/** What may have happened to a copy of a log before a merge sees it: accidents, editors, other tools, and people who mean harm. */
import { crc32 } from "node:zlib";

/** A line with a right checksum, whatever its text says. */
export const sealed = (text) => {
  const body = Buffer.from(text.slice(0, -1), "utf8");
  return Buffer.concat([body, Buffer.from(`,"crc":"${crc32(body).toString(16).padStart(8, "0")}"}\n`)]);
};

const markers = ["<<<<<<< HEAD\n", "||||||| 1a2b3c4\n", "=======\n", ">>>>>>> topic\n", "<<<<<<<<< deep\n"];
const linesOf = (bytes) => {
  const lines = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end + 1;
    lines.push(bytes.subarray(from, to));
    from = to;
  }
  return lines;
};
const splice = (bytes, at, removed, ...added) =>
  Buffer.concat([bytes.subarray(0, at), ...added, bytes.subarray(at + removed)]);
const somewhere = (bytes, pick) => pick(bytes.length + 1);
const random = (length, pick) => Buffer.from(Array.from({ length }, () => pick(256)));
/** Another text in one line, under a right checksum: what somebody writes who knows the format. */
const forged = (from, to) => (bytes, pick) => {
  const lines = linesOf(bytes);
  const at = pick(lines.length + 1);
  const text = lines[at]?.toString("utf8");
  if (text === undefined || !text.endsWith('"}\n')) return bytes;
  lines[at] = sealed(`${text.slice(0, -19).replace(from, to)}}`);
  return Buffer.concat(lines);
};

export const mutations = {
  "as it is": (bytes) => bytes,
  "a flipped bit": (bytes, pick) => {
    if (bytes.length === 0) return bytes;
    const at = pick(bytes.length);
    return splice(bytes, at, 1, Buffer.from([bytes[at] ^ (1 << pick(8))]));
  },
  "a torn end": (bytes, pick) => bytes.subarray(0, somewhere(bytes, pick)),
  "a half record behind it": (bytes, pick, other) =>
    Buffer.concat([bytes, other.subarray(0, somewhere(other, pick))]),
  "bytes lost": (bytes, pick) => splice(bytes, somewhere(bytes, pick), 1 + pick(200)),
  "bytes gained": (bytes, pick) => splice(bytes, somewhere(bytes, pick), 0, random(1 + pick(20), pick)),
  "zeros gained": (bytes, pick) => splice(bytes, somewhere(bytes, pick), 0, Buffer.alloc(1 + pick(4_096))),
  "a marker": (bytes, pick) => {
    const lines = linesOf(bytes);
    lines.splice(pick(lines.length + 1), 0, Buffer.from(markers[pick(markers.length)]));
    return Buffer.concat(lines);
  },
  "lines of the other": (bytes, pick, other) => {
    const lines = linesOf(bytes);
    lines.splice(pick(lines.length + 1), 0, ...linesOf(other));
    return Buffer.concat(lines);
  },
  "a line lost": (bytes, pick) => {
    const lines = linesOf(bytes);
    lines.splice(pick(lines.length + 1), 1);
    return Buffer.concat(lines);
  },
  "lines in another order": (bytes, pick) => {
    const left = linesOf(bytes);
    return Buffer.concat(left.map((_, __, { length }) => left[pick(length)]));
  },
  "carriage returns": (bytes) => Buffer.from(bytes.toString("latin1").replaceAll("\n", "\r\n"), "latin1"),
  "a byte order mark": (bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
  "a sealed fragment": (bytes, pick, other) =>
    Buffer.concat([
      bytes,
      Buffer.from(linesOf(other)[0]?.subarray(0, pick(60)) ?? []),
      Buffer.from(" #torn\n"),
    ]),
  "a newer format": (bytes) => Buffer.concat([bytes, sealed('{"v":2,"stream":"mission-graph"}')]),
  "deep nesting": (bytes, pick) =>
    Buffer.concat([bytes, sealed(`{"v":1,"x":${"[".repeat(pick(2_000))}${"]".repeat(pick(2_000))}}`)]),
  "many record starts": (bytes, pick) =>
    Buffer.concat([bytes, Buffer.from(`${'{"v":1'.repeat(pick(500))}\n`)]),
  "random bytes": (_, pick) => random(pick(400), pick),
  nothing: () => Buffer.alloc(0),
  "other data": forged('"index":', '"indey":'),
  "another command": forged('"commandDigest":"', '"commandDigest":"f'),
  "another command id": forged('"commandId":"c', '"commandId":"d'),
  "another number": forged(/"seq":\d+/, '"seq":9007199254740991'),
  "another revision": forged(/"revision":\d+/, '"revision":77'),
  "another parent": forged(/"previous":"[0-9a-f]{4}/, '"previous":"0000'),
  "another origin": forged('"origin":"', '"origin":"x'),
  "another mark": forged(/,"origin":"([^"]*)"/, ',"origin":"$1","branch":"demoted"'),
  "a prototype": forged('"data":{', '"data":{"__proto__":{"x":1},'),
  "no canonical form": forged('"at":0', '"at":1e999'),
  "a lone surrogate": forged('"at":0', '"at":"\\ud800"'),
};
