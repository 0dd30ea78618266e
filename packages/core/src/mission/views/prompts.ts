/** Answers "which review prompts were issued, and when?". */
import type { Draft } from "immer";
import type { Projection } from "../../kernel/projection.ts";
import type { MissionEvent } from "../events.ts";
import type { IssuedPrompt } from "../prompts-check.ts";

export interface PromptOnRecord {
  readonly prompt: IssuedPrompt;
  readonly issuedAt: string;
}

/** Oldest first. */
export type Prompts = readonly PromptOnRecord[];

export const prompts: Projection<Prompts, MissionEvent> = {
  name: "mission-prompts",
  version: 1,
  initial: [],
  when: {
    ReviewPromptIssued: (view, prompt, { recordedAt }) => {
      (view as Draft<Prompts>).push({ prompt, issuedAt: recordedAt });
      return view;
    },
  },
};
