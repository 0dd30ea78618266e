/**
 * Z2: hostile JSON, as text and as values: depth, keys that name a prototype, doubled keys, numbers at the edges, half
 * characters, bytes that are no UTF-8. Whoever reads it refuses it or gives back exactly what was said; nobody throws
 * anything but what it promises, and no prototype changes.
 */
import { canonicalJson, NotCanonical, StoreFault, sealCommit } from "@mission-ledger/core";
import { missionEvent, missionRequest } from "@mission-ledger/core/schemas";
import { parsePythonJson } from "../../packages/spec-kitty/dist/json/parse.js";
import { compactJson } from "../../packages/spec-kitty/dist/json/write.js";
import { decodeRecord, encodeRecord } from "../../packages/store-file/dist/log/record.js";
import { sealLine } from "../../packages/store-file/dist/log/sealed-line.js";
import { runCases } from "./inputs/seeded.mjs";

const stream = "mission-m1";
const keys = [
  "a",
  "b",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "toJSON",
  "length",
  "",
  "é",
  "e\u0301",
  "\ud800",
  "\u0000",
  "type",
  "v",
  "crc",
  "0",
];
const numberTexts = [
  "0",
  "-0",
  "1",
  "-1",
  "0.1",
  "1e21",
  "1e-7",
  "9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "1e400",
  "-1e400",
  "5e-324",
  "01",
  "1.",
  ".5",
  "+1",
  "NaN",
  "1e",
  "0x1",
];
const stringTexts = [
  '""',
  '"a"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\ud83d\\ude00"',
  '"😀"',
  '"\\u0000"',
  '"\u2028"',
  '"\\u005f_proto__"',
  '"\\x41"',
  '"\t"',
  '"\\',
  '"__proto__"',
];

const text = (chance, depth) => {
  if (depth <= 0 || chance.chance(35))
    return chance.pick([
      chance.pick(numberTexts),
      chance.pick(stringTexts),
      "null",
      "true",
      "false",
      "undefined",
      "",
    ]);
  const size = chance.below(4);
  if (chance.chance(40))
    return `[${Array.from({ length: size }, () => text(chance, depth - 1)).join(",")}${chance.chance(5) ? "," : ""}]`;
  return `{${Array.from({ length: size }, () => `${chance.chance(10) ? chance.pick(stringTexts) : JSON.stringify(chance.pick(keys))}:${text(chance, depth - 1)}`).join(",")}}`;
};

const jsonText = (chance) => {
  let made = text(chance, 1 + chance.below(5));
  if (chance.chance(4)) {
    const depth = chance.pick([29, 30, 31, 32, 33, 34, 40, 1_000]);
    made = chance.chance(50)
      ? `${"[".repeat(depth)}${made}${"]".repeat(depth)}`
      : `${'{"a":'.repeat(depth)}${made}${"}".repeat(depth)}`;
  }
  return made;
};

const parsed = (source) => {
  try {
    return { value: JSON.parse(source) };
  } catch {
    return undefined;
  }
};

/** Deep equality that tells `-0` from nothing, and sees own keys only. */
const same = (one, other) => {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null)
    return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]))
  );
};

const canonical = (value) => {
  let form;
  try {
    form = canonicalJson(value);
  } catch (error) {
    if (error instanceof NotCanonical) return { refused: true };
    throw error;
  }
  const back = JSON.parse(form);
  if (!same(value, back)) return { wrong: `canonical JSON made ${form} of ${JSON.stringify(value)}` };
  return canonicalJson(back) === form ? {} : { wrong: `canonical JSON of ${form} is another` };
};

const context = {
  stream,
  commandId: "c1",
  commandDigest: "d",
  recordedAt: "2026-01-02T03:04:05.678Z",
  actor: "a",
};

/** Through the record codec as data that a program handed over. */
const stored = (value, refused) => {
  const data = { value };
  let line;
  try {
    line = encodeRecord(
      sealCommit({ revision: -1, digest: null }, context, [{ type: "Noted", version: 1, data }]),
      { origin: "o", seq: 1 },
      65_536,
    );
  } catch (error) {
    if (error instanceof NotCanonical || (error instanceof StoreFault && error.code === "LIMIT_EXCEEDED"))
      return undefined;
    throw error;
  }
  if (refused) return "a value without canonical form was stored";
  const decoded = decodeRecord(line.subarray(0, -1), stream, stream);
  return decoded._tag === "Record" && same(decoded.record.events[0].data, data)
    ? undefined
    : `stored ${line.toString("utf8")}, read ${decoded._tag}`;
};

const honest = encodeRecord(
  sealCommit({ revision: -1, digest: null }, context, [{ type: "Noted", version: 1, data: { value: 1 } }]),
  { origin: "o", seq: 1 },
  65_536,
)
  .toString("utf8")
  .slice(0, -19);

/** As text in a record whose checksum is right: whatever a stranger may have put there. */
const planted = (source, chance) => {
  let line = sealLine(
    `${honest.replace('{"value":1}', () => (chance.chance(50) ? `{"value":${source}}` : source))}}`,
  );
  if (chance.chance(5)) {
    line = Buffer.from(line);
    line[chance.below(line.length - 1)] = 0x80 + chance.below(128);
  }
  const decoded = decodeRecord(line.subarray(0, -1), stream, stream);
  if (decoded._tag !== "Record") return undefined;
  const { data } = decoded.record.events[0];
  if (Object.getPrototypeOf(data) !== Object.prototype || {}.value !== undefined)
    return `a prototype was changed by ${source}`;
  return /"(?:__proto__|constructor|prototype)":/.test(JSON.stringify(data))
    ? `a key that names a prototype was read: ${source}`
    : undefined;
};

const shapes = [
  '{"type":"CreateMission","slug":"m1","title":"T","missionId":"i","dependencyMetAt":"done"}',
  '{"type":"AddWorkPackages","workPackages":[{"workPackageId":"WP01","title":"T","dependsOn":[],"owns":[],"subtasks":[],"executionLane":null}]}',
  '{"type":"MoveWorkPackage","workPackageId":"WP01","to":"done"}',
  '{"type":"WorkPackageMoved","workPackageId":"WP01","from":"planned","to":"claimed"}',
];

/** Through the schemas at the edge, in place of one value of a sound request or event. */
const atTheEdge = (source, chance) => {
  const shape = chance.pick(shapes);
  const values = [...shape.matchAll(/:("[^"]*"|\[[^\]]*\]|null)/g)];
  const { index, 0: found } = chance.pick(values);
  const hostile = parsed(`${shape.slice(0, index + 1)}${source}${shape.slice(index + found.length)}`);
  if (hostile === undefined) return undefined;
  for (const schema of [missionRequest, missionEvent]) {
    const read = schema.safeParse(hostile.value);
    if (read.success && Object.getPrototypeOf(read.data) !== Object.prototype)
      return `a schema gave an object of another kind for ${source}`;
    if (read.success && canonical(read.data).refused === true)
      return `a schema let through what cannot be stored: ${source}`;
  }
  return undefined;
};

const python = (source, strict) => {
  const read = parsePythonJson(source);
  if (read._tag === "Problem") return undefined;
  const written = compactJson(read.value);
  const back = parsePythonJson(written);
  if (back._tag !== "Value" || compactJson(back.value) !== written)
    return `Python's form of ${source} does not come back: ${written}`;
  if (strict === undefined)
    return /NaN|Infinity|\d/.test(source) || source.trim() === ""
      ? undefined
      : `${source} is no JSON and was read`;
  return undefined;
};

const check = (chance) => {
  const source = jsonText(chance);
  const strict = parsed(source);
  if (strict !== undefined) {
    const { wrong, refused } = canonical(strict.value);
    if (wrong !== undefined) return wrong;
    const found = stored(strict.value, refused === true);
    if (found !== undefined) return found;
  }
  return (
    planted(source, chance) ??
    python(source, strict) ??
    (chance.chance(10) ? atTheEdge(source, chance) : undefined)
  );
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "Z2",
  name: "json",
  title: "hostile JSON through every codec",
  unit: "texts",
  perPush: 100_000,
  longRun: 10_000_000,
  run: async (options) => {
    const own = Object.getOwnPropertyNames(Object.prototype).length;
    const ran = await runCases(options, check);
    const changed = Object.getOwnPropertyNames(Object.prototype).length !== own || {}.a !== undefined;
    return { ...ran, failures: [...ran.failures, ...(changed ? ["Object.prototype was changed"] : [])] };
  },
};
