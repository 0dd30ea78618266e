/** What became of a write as its caller is told, on either way of appending. */
import type { Expected } from "../log/commit-check.ts";
import type { WriteOutcome } from "../log/writer.ts";
import { streamDeleted } from "../wire/refusals.ts";

/** How one way of appending says it. */
export interface WriteAnswers<Answer> {
  success(revision: number, position: number | undefined): Answer;
  conflict(current: number, expected: Expected): Answer;
}

/** Throws the refusal for a stream that was deleted for good. */
export const answerTo = <Answer>(
  { success, conflict }: WriteAnswers<Answer>,
  { stream, expected }: { readonly stream: string; readonly expected: Expected },
  outcome: WriteOutcome,
): Answer => {
  switch (outcome._tag) {
    case "Written":
    case "Repeated":
      return success(outcome.revision, outcome.position);
    case "WrongExpectedVersion":
      return conflict(outcome.current, expected);
    case "StreamDeleted":
      throw streamDeleted(stream);
  }
};
