/** JSON Schema of a command's input, made from its fields. Draft 2020-12. */
import { shownLanes } from "@mission-ledger/core/mission";
import type { FieldSpec, Kind } from "./fields.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

const schemaOfKind: Readonly<Record<Kind, () => JsonSchema>> = {
  text: () => ({ type: "string" }),
  ref: () => ({ type: "string", examples: ["passkeys/WP01"] }),
  path: () => ({ type: "string" }),
  word: () => ({ type: "string" }),
  integer: () => ({ type: "integer", minimum: 0 }),
  boolean: () => ({ type: "boolean" }),
  duration: () => ({
    anyOf: [
      { type: "integer", minimum: 0, description: "milliseconds" },
      { type: "string", pattern: "^[0-9]{1,9}(ms|s|m|h|d)$" },
    ],
  }),
  lane: () => ({ enum: shownLanes }),
  evidence: () => ({
    anyOf: [
      { type: "string", pattern: "^[a-z]+=.+$" },
      {
        type: "object",
        properties: { kind: { enum: ["commit", "file", "test", "url", "note"] }, ref: { type: "string" } },
        required: ["kind", "ref"],
      },
    ],
  }),
  subtask: () => ({
    anyOf: [
      { type: "string", description: "id, a space, title" },
      {
        type: "object",
        properties: { id: { type: "string" }, title: { type: "string" } },
        required: ["id", "title"],
      },
    ],
  }),
  revision: () => ({ anyOf: [{ type: "integer", minimum: 0 }, { const: "no_stream" }] }),
  moment: () => ({
    anyOf: [
      { type: "integer", minimum: 0, description: "revision" },
      { type: "string", description: "a revision, a position, a date, or how long ago" },
      {
        type: "object",
        properties: {
          revision: { type: "integer", minimum: 0 },
          position: { type: "string" },
          date: { type: "string" },
        },
        minProperties: 1,
        maxProperties: 1,
        additionalProperties: false,
      },
    ],
  }),
};

export const inputSchemaOf = (spec: {
  readonly arguments: readonly FieldSpec[];
  readonly flags: readonly FieldSpec[];
}): JsonSchema => {
  const fields = [...spec.arguments, ...spec.flags];
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(fields.map((field) => [field.name, schemaOfField(field)])),
    required: fields.filter(({ required }) => required === true).map(({ name }) => name),
  };
};

const schemaOfField = ({
  kind,
  choices,
  repeatable,
  description,
  default: preset,
}: FieldSpec): JsonSchema => {
  const one = choices === undefined ? schemaOfKind[kind]() : { enum: choices };
  return {
    ...(repeatable === true ? { type: "array", items: one } : one),
    description,
    ...(preset === undefined ? {} : { default: preset }),
  };
};
