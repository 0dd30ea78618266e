/** Events as they are proposed, checked in the server's order: id, type and content type, then size. */
import type { NewRecord } from "../log/log.ts";
import { appendTooLarge, propertyMissing, stumbled } from "../wire/refusals.ts";
import type { streamsMessages } from "../wire/stubs.ts";
import { idBytes } from "../wire/uuid.ts";

export type ProposedMessage =
  | streamsMessages.AppendReq.ProposedMessage
  | streamsMessages.BatchAppendReq.ProposedMessage;

/** Data only: a slip of the server's leaves metadata and type uncounted. */
const maxAppendBytes = 1_048_576;

export interface ProposedEvents {
  /** Throws a `Refusal` for an event that cannot be stored. */
  add(message: ProposedMessage): void;
  readonly events: readonly NewRecord[];
}

export const proposedEvents = (): ProposedEvents => {
  const events: NewRecord[] = [];
  let bytes = 0;
  return {
    events,
    add: (message) => {
      const id = idBytes(message.getId());
      if (id === undefined) throw stumbled();
      const properties = message.getMetadataMap();
      const type = properties.get("type");
      if (type === undefined) throw propertyMissing("type");
      const contentType = properties.get("content-type");
      if (contentType === undefined) throw propertyMissing("content-type");
      if (type === "") throw stumbled();
      const data = message.getData_asU8();
      bytes += data.length;
      if (bytes > maxAppendBytes) throw appendTooLarge(maxAppendBytes);
      events.push({
        id,
        type,
        isJson: contentType === "application/json",
        data,
        metadata: message.getCustomMetadata_asU8(),
      });
    },
  };
};
