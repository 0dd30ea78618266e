/** The table that every test of this folder runs over: without a line in it, a new command would be tested by none of them. */
import { expect, test } from "vitest";
import { commands } from "../cli.ts";
import { lineOf, preparedFor, samples } from "../testing/samples.ts";
import { expectSoundDocument } from "../testing/sound-document.ts";

const names = commands.map(({ name }) => name);

test("every command has a line that is tried, and there is none for a command that is not there", () => {
  expect(Object.keys(samples).sort()).toEqual([...names].sort());
});

test.each(names)("%s succeeds with one document on standard output and nothing beside it", async (name) => {
  const shell = await preparedFor(name);
  const document = expectSoundDocument(await shell.run(...lineOf(name, shell.directory), "--json"), name);
  expect(document).toMatchObject({ ok: true, error: null });
});
