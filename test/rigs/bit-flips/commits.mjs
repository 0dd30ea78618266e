/** Commits of ordinary size and content, with text that needs more than one byte a character. */
import { digestOf, sealCommit } from "@mission-ledger/core";

export const stream = "mission-damaged";

const notes = ["Grüße", 'a JSON "string" with\nescapes', "計画", "plain words that go on for a while", "J*J"];

export const commitFor = (head, index) =>
  sealCommit(
    head,
    {
      stream,
      commandId: `command-${index}`,
      commandDigest: digestOf({ index }),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent:ada",
    },
    [{ type: "Noted", version: 1, data: { note: notes[index === "new" ? 0 : index % notes.length] } }],
  );
