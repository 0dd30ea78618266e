/**
 * Answers that carry events, as bytes straight from the log's columns: a read of a million events makes no message objects.
 * Source: field numbers of ReadResp in the generated code.
 */
import { deletedRevision, type WireLog } from "../log/log.ts";
import { blobLength, numberLength, openMessage } from "./message-writer.ts";
import { shared } from "./stubs.ts";
import { idText } from "./uuid.ts";

export type UuidForm = "string" | "structured";

/** A ReadResp with the event; with a link, the record that led to it. */
export type EncodeEvent = (record: number, uuids: UuidForm, link?: number) => Buffer;

const mapEntry = (key: string, value: string): Buffer => {
  const [keyBytes, valueBytes] = [Buffer.from(key), Buffer.from(value)];
  const length = blobLength(keyBytes.length) + blobLength(valueBytes.length);
  const message = openMessage(blobLength(length));
  message.open(6, length);
  message.blob(1, keyBytes);
  message.blob(2, valueBytes);
  return message.bytes;
};

const contentTypes = {
  json: mapEntry("content-type", "application/json"),
  binary: mapEntry("content-type", "application/octet-stream"),
} as const;

const structured = (id: Uint8Array): Uint8Array => {
  const view = Buffer.from(id.buffer, id.byteOffset, 16);
  const halves = new shared.UUID.Structured();
  halves.setMostSignificantBits(String(view.readBigInt64BE(0)));
  halves.setLeastSignificantBits(String(view.readBigInt64BE(8)));
  const uuid = new shared.UUID();
  uuid.setStructured(halves);
  return uuid.serializeBinary();
};
const textual = (id: Uint8Array): Uint8Array => {
  const text = idText(id);
  const message = openMessage(blobLength(text.length));
  message.text(2, text);
  return message.bytes;
};
const uuidForms = { string: textual, structured } as const;

/** Tag and value of a tombstone's revision. */
const deletedRevisionLength = 10;

export const openEventEncoder = (log: WireLog): EncodeEvent => {
  const typeEntries: Buffer[] = [];
  const typeEntry = (record: number): Buffer => {
    const number = log.typeOf(record);
    const known = typeEntries[number];
    if (known !== undefined) return known;
    const made = mapEntry("type", log.typeAt(number));
    typeEntries[number] = made;
    return made;
  };

  /** A RecordedEvent without its own tag and length. */
  const recorded = (record: number, uuids: UuidForm): Buffer => {
    const id = uuidForms[uuids](log.id(record));
    const { nameBytes } = log.streamAt(log.streamOf(record));
    const revision = log.revisionOf(record);
    const isDeleted = log.isTombstone(record);
    const position = log.position(record);
    const type = typeEntry(record);
    const contentType = log.isJson(record) ? contentTypes.json : contentTypes.binary;
    const created = mapEntry("created", `${log.createdMicros(record)}0`);
    const data = log.data(record);
    const metadata = log.metadata(record);
    const stream = blobLength(nameBytes.length);
    const size =
      blobLength(id.length) +
      blobLength(stream) +
      (isDeleted ? deletedRevisionLength : numberLength(revision)) +
      2 * numberLength(position) +
      type.length +
      contentType.length +
      created.length +
      blobLength(metadata.length) +
      blobLength(data.length);
    const message = openMessage(size);
    message.blob(1, id);
    message.open(2, stream);
    message.blob(3, nameBytes);
    if (isDeleted) message.bigNumber(3, deletedRevision);
    else message.number(3, revision);
    message.number(4, position);
    message.number(5, position);
    message.raw(type);
    message.raw(contentType);
    message.raw(created);
    message.blob(7, metadata);
    message.blob(8, data);
    return message.bytes;
  };

  return (record, uuids, link) => {
    const event = recorded(record, uuids);
    const led = link === undefined ? undefined : recorded(link, uuids);
    const position = log.position(link ?? record);
    const length =
      blobLength(event.length) + (led === undefined ? 0 : blobLength(led.length)) + numberLength(position);
    const message = openMessage(blobLength(length));
    message.open(1, length);
    message.blob(1, event);
    if (led !== undefined) message.blob(2, led);
    message.number(3, position);
    return message.bytes;
  };
};
