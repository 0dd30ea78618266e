import fs from "node:fs";
import { describe, expect, test } from "vitest";
import { reviewSession } from "../testing/review-session.ts";
import { parsePrompt } from "./prompt-document.ts";

const main = ["--base", "main"] as const;

describe("a review prompt", () => {
  test("is written, put on record and passes its check", async () => {
    const shell = await reviewSession();
    const issued = await shell.json("review", "prompt", "passkeys/WP01", ...main);
    expect(issued).toMatchObject({
      code: 0,
      data: {
        ref: "passkeys/WP01",
        cycle: 1,
        branch: "lane-a",
        readback: "verified",
        events: ["ReviewPromptIssued"],
      },
    });
    const { file, promptId, head, base } = issued.data;
    expect(parsePrompt(fs.readFileSync(file, "utf8"))).toMatchObject({
      promptId,
      head,
      base,
      branch: "lane-a",
    });
    const checked = await shell.json("review", "check", file, "--for", "passkeys/WP01");
    expect(checked).toMatchObject({ code: 0, data: { ok: true, promptId, head, base } });
  });

  test("is done by from start to verdict, and the verdict is bound to its subject", async () => {
    const shell = await reviewSession();
    const { data } = await shell.json("review", "prompt", "passkeys/WP01", ...main);
    const by = ["--prompt", data.file, "--as", "bob"] as const;
    expect(await shell.json("review", "start", "passkeys/WP01", ...by)).toMatchObject({ code: 0 });
    const submit = [
      "review",
      "submit",
      "passkeys/WP01",
      "--verdict",
      "approved",
      ...by,
      "--request-id",
      "r1",
    ];
    expect(await shell.json(...submit)).toMatchObject({ code: 0, data: { repeated: false } });
    expect(JSON.stringify((await shell.json("wp", "show", "passkeys/WP01")).data)).toContain(data.subject);
    // The review is over, and so no prompt would pass now; the command was done before.
    expect(await shell.json(...submit)).toMatchObject({ code: 0, data: { repeated: true } });
  });
});
