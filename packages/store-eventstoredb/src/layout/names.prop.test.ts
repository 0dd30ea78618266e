import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { streamNames, typeInLedger, typeOnServer } from "./names.ts";

const piece = fc.constantFrom(
  "a",
  "B",
  "_",
  "-",
  "~",
  "$",
  ".",
  "/",
  " ",
  "é",
  "\u{1f680}",
  "\u0000",
  "5F",
  "mission",
);
const text = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary" }),
);
const isWellFormed = (name: string): boolean => !/\p{Surrogate}/u.test(name);

describe("the name of a stream on a server", () => {
  test("leads back to the stream, and holds nothing that a server could take for its own", () => {
    fc.assert(
      fc.property(text, text.filter(isWellFormed), (namespace, stream) => {
        const names = streamNames(namespace);
        const name = names.onServer(stream);
        expect(name).toMatch(/^[A-Za-z0-9_.~-]*$/);
        expect(names.inLedger(name)).toBe(stream);
        // A second time from memory.
        expect(names.inLedger(name)).toBe(stream);
        expect(name).not.toBe(names.catalogue);
      }),
      { numRuns: 2_000 },
    );
  });

  test("is never that of another stream, of another ledger, or of a catalogue", () => {
    const one = fc.tuple(text.filter(isWellFormed), text.filter(isWellFormed));
    fc.assert(
      fc.property(one, one, ([ledger, stream], [otherLedger, otherStream]) => {
        const name = streamNames(ledger).onServer(stream);
        const other = streamNames(otherLedger);
        if (ledger !== otherLedger) {
          expect(other.inLedger(name)).toBeUndefined();
          expect(other.catalogue).not.toBe(streamNames(ledger).catalogue);
        } else if (stream !== otherStream) expect(other.onServer(otherStream)).not.toBe(name);
        expect(other.catalogue).not.toBe(name);
      }),
      { numRuns: 5_000 },
    );
  });

  test("keeps its category before the first dash, and begins as the category's names do", () => {
    fc.assert(
      fc.property(text, text.filter(isWellFormed), text.filter(isWellFormed), (namespace, before, rest) => {
        const category = before.replaceAll("-", "");
        const names = streamNames(namespace);
        const prefix = names.prefix(category) as string;
        expect(names.onServer(`${category}-${rest}`).startsWith(prefix)).toBe(true);
        expect(prefix.indexOf("-")).toBe(prefix.length - 1);
        expect(names.prefix(`${category}-${rest}`)).toBeUndefined();
      }),
    );
  });

  test.each([
    ["", "mission-first", "mission-first"],
    ["team_1.x", "mission-first", "team_1.x_mission-first"],
    ["a-b", "mission-x", "a~2Db_mission-x"],
    ["", "mission-a_b.c", "mission-a_b.c"],
    ["", "work_package-a", "work~5Fpackage-a"],
    ["", "mission-größe", "mission-gr~C3~B6~C3~9Fe"],
    ["", "$all", "~24~61~6C~6C"],
  ])("of the ledger %j, stream %j is %j", (namespace, stream, name) => {
    expect(streamNames(namespace).onServer(stream)).toBe(name);
  });

  test.each([
    "other-a~",
    "mission-~4",
    "mission-~zz",
    "mission-~41",
    "mission-~c3~b6",
    "mission-~FF",
    "mission-ö",
    "a_mission-x",
    "mission_ledger_streams",
    "plain",
    "$ce-mission",
  ])("could not be %j", (name) => {
    expect(streamNames("").inLedger(name)).toBeUndefined();
  });

  test("of half a character is nobody's", () => {
    const names = streamNames("");
    expect(names.onServer("mission-\ud800")).not.toBe(names.onServer("mission-\ufffd"));
    expect(names.inLedger(names.onServer("mission-\ud800"))).toBeUndefined();
  });
});

describe("the type of an event on a server", () => {
  test("leads back to the type and never begins with the server's sign", () => {
    fc.assert(
      fc.property(text, (type) => {
        expect(typeOnServer(type)).not.toMatch(/^\$/);
        expect(typeInLedger(typeOnServer(type))).toBe(type);
      }),
    );
    expect(typeOnServer("WorkPackageMoved")).toBe("WorkPackageMoved");
  });
});
