import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { type EventStore, openMemoryStore } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import {
  commands,
  mountCommands,
  printable,
  printableJson,
  printableLines,
  runLedger,
  version,
} from "./cli.ts";
import { displayWidth, fit } from "./output/width.ts";
import { planned, scratch, session } from "./testing/session.ts";

/** Bytes and characters that must never reach a terminal raw. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what is looked for
const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;

const hostile = "a\u001b]52;c;ZXZpbA==\u0007b\u001b[2Jc\u202ed\u200be\u0085f\u007fg\rh";

describe("what is shown", () => {
  test("holds no control, bidi or invisible character, whatever comes in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(printable(text)).not.toMatch(raw);
        expect(printable(text)).not.toMatch(/[\n\t]/);
        expect(printableLines(text)).not.toMatch(raw);
        expect(printableJson(text)).not.toMatch(raw);
        expect(JSON.parse(printableJson(text))).toBe(text);
      }),
    );
    expect(printable(hostile)).toBe("a\\x1b]52;c;ZXZpbA==\\x07b\\x1b[2Jc\\u202ed\\u200be\\x85f\\x7fg\\rh");
    expect(printable("tag \u{e0041}, lone \ud800")).toBe("tag \\u{e0041}, lone \\ud800");
    expect(printable("Zürich 漢字 🚀")).toBe("Zürich 漢字 🚀");
  });

  test("stays within a width and never cuts a character in two", () => {
    expect(fit("漢字漢字", 5)).toBe("漢字…");
    expect(displayWidth("é漢🚀")).toBe(5);
  });

  test("hostile titles, reasons and names come out escaped from every command", async () => {
    const shell = await planned();
    const actor = `eve${hostile}`;
    await shell.run("mission", "create", "h", hostile, "--as", actor);
    await shell.run("wp", "add", "h", hostile, "--id", "WP01", "--owns", `src/${hostile}`, "--as", actor);
    await shell.run("wp", "claim", "h/WP01", "--as", actor);
    await shell.run("wp", "note", "h/WP01", hostile, "--as", actor);
    await shell.run("wp", "move", "h/WP01", "blocked", "--reason", hostile, "--as", actor);
    const lines: readonly (readonly string[])[] = [
      ["mission", "list"],
      ["mission", "show", "h"],
      ["wp", "list"],
      ["wp", "show", "h/WP01"],
      ["ready", "--why"],
      ["log"],
      ["board", "h"],
      ["board", "h", "--plain"],
      ["doctor"],
      ["verify"],
      ["wp", "claim", "h/WP01", "--as", hostile],
      ["wp", "show", hostile],
      ["mission", "show", hostile],
      [hostile],
      ["--ledger", hostile, "log"],
      ["export", "spec-kitty", "h", "--json"],
    ];
    for (const line of lines)
      for (const mode of [[], ["--json"]]) {
        const { out, err } = await shell.run(...line, ...mode);
        expect(out + err, line.join(" ")).not.toMatch(raw);
      }
  });
});

describe("colour", () => {
  const colours = async (
    env: Record<string, string>,
    flags: readonly string[],
    isTTY: boolean,
  ): Promise<boolean> => {
    const shell = await planned();
    const chunks: string[] = [];
    await runLedger(["ready", ...flags], {
      ...shell.io(),
      env,
      stdout: { isTTY, columns: 100, write: (chunk) => chunks.push(String(chunk)) > 0 },
    });
    return chunks.join("").includes("\u001b[");
  };

  test.each([
    ["on a terminal", {}, [], true, true],
    ["not in a pipe, also under CI", { CI: "1" }, [], false, false],
    ["not with NO_COLOR", { NO_COLOR: "1" }, [], true, false],
    ["not with --no-color", {}, ["--no-color"], true, false],
    ["not on a dumb terminal", { TERM: "dumb" }, [], true, false],
    ["not in JSON", {}, ["--json"], true, false],
  ] as const)("%s", async (_, env, flags, isTTY, expected) => {
    expect(await colours(env, flags, isTTY)).toBe(expected);
  });
});

describe("outputs that misbehave", () => {
  test("a full pipe is waited for", async () => {
    const shell = await planned();
    let drain: (() => void) | undefined;
    const chunks: string[] = [];
    const stdout = {
      write: (chunk: string | Uint8Array) => {
        chunks.push(String(chunk));
        setTimeout(() => drain?.(), 1);
        return false;
      },
      once: (event: string, listener: () => void) => {
        if (event === "drain") drain = listener;
      },
    };
    expect(await runLedger(["log", "--jsonl"], { ...shell.io(), stdout })).toBe(0);
    expect(chunks).toHaveLength(8);
  });

  test("a reader that goes away ends the command quietly", async () => {
    const shell = await planned();
    const gone = {
      write: () => {
        throw Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
      },
    };
    const world = shell.io({ stdout: gone });
    expect(await runLedger(["log", "--jsonl"], world)).toBe(0);
    expect(world.text().err).toBe("");
  });

  test("a result that cannot be printed is not reported as printed", async () => {
    const shell = await planned();
    const full = {
      write: () => {
        throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
      },
    };
    const world = shell.io({ stdout: full });
    expect(await runLedger(["log"], world)).toBe(1);
    expect(world.text().err).toContain("OUTPUT_FAILED");
  });
});

describe("help and completion", () => {
  test("the top help shows the common commands with an example each", async () => {
    const shell = session();
    const { out, code, err } = await shell.run();
    expect([code, err]).toEqual([0, ""]);
    expect(out.split("\n").filter((line) => /^ {2}(while )?mled /.test(line))).toHaveLength(
      commands.filter(({ common }) => common).length,
    );
    const all = (await shell.run("help", "--all")).out;
    for (const { name } of commands) expect(all).toContain(`mled ${name.replace(".", " ")}`);
    expect((await shell.run("--version")).out).toBe(`${version}\n`);
    expect(version).toBe(packageJson.version);
  });

  test.each(["bash", "zsh", "fish"])(
    "the %s script knows every command, its flags and the lanes",
    async (shell) => {
      const { out } = await session().run("completion", shell);
      for (const word of ["recover", "spec-kitty", "in_progress", "changes_requested", "request-id"])
        expect(out).toContain(word);
    },
  );

  test("bash completes commands, lanes and flags", async () => {
    const file = path.join(scratch(), "mled.bash");
    writeFileSync(file, (await session().run("completion", "bash")).out);
    const complete = (...words: readonly string[]): string => {
      const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mled; echo "\${COMPREPLY[*]}"`;
      return spawnSync("bash", ["-c", script, "bash", file, ...words], { encoding: "utf8" }).stdout.trim();
    };
    if (spawnSync("bash", ["-c", "true"]).status !== 0) return;
    expect(complete("mled", "wp", "mo")).toBe("move");
    expect(complete("mled", "wp", "move", "p/WP01", "in_")).toBe("in_progress in_review");
    expect(complete("mled", "review", "submit", "p/WP01", "--verdict", "ch")).toBe("changes_requested");
    expect(complete("mled", "wp", "claim", "--le")).toBe("--lease --ledger");
  });
});

describe("mounted in a commander program", () => {
  const host = async (options: Parameters<typeof mountCommands>[1], argv: readonly string[]) => {
    const { Command } = await import("commander");
    const program = new Command("acme")
      .exitOverride()
      .configureOutput({ writeErr: () => {}, writeOut: () => {} });
    mountCommands(program.command("mission").description("Plan and track work"), options);
    await program.parseAsync(["node", "acme", ...argv]);
  };
  const store: EventStore = openMemoryStore();
  const ledger = ledgerOver({ store, actor: "acme:me" });

  test("commands take the host's names, ledger, actor and output; envelopes keep ours", async () => {
    const shell = session({ env: {} });
    const codes: number[] = [];
    const world = shell.io();
    const options = {
      ledger: () => ledger,
      io: world,
      actor: "acme:me",
      rename: { wp: "task", "wp.add": "plan" },
      onExit: (code: number) => codes.push(code),
    };
    await host(options, ["mission", "mission", "create", "p", "Title"]);
    await host(options, ["mission", "task", "plan", "p", "One", "--id", "WP01"]);
    await host(options, ["mission", "task", "claim", "p/WP01", "--as", "ada"]);
    await host(options, ["mission", "task", "claim", "p/WP01", "--as", "bob"]);
    expect(codes).toEqual([0, 0, 0, 5]);
    expect(world.text().err).toContain('acme mission task recover p/WP01 --reason "…"');
    const second = shell.io();
    await host({ ...options, io: second }, [
      "mission",
      "task",
      "move",
      "p/WP01",
      "in_progress",
      "--as",
      "ada",
      "--json",
    ]);
    expect(JSON.parse(second.text().out)).toMatchObject({
      command: "wp.move",
      ok: true,
      data: { to: "in_progress" },
    });
  });

  test("wrong usage goes the host's way, through its exitOverride", async () => {
    const options = { ledger: () => ledger, io: session().io(), include: ["wp", "board"] };
    await expect(host(options, ["mission", "wp", "move"])).rejects.toMatchObject({
      code: "commander.missingArgument",
    });
    await expect(host(options, ["mission", "init"])).rejects.toMatchObject({
      code: "commander.unknownCommand",
    });
    expect(() => mountCommands({} as never, { include: ["nope"] })).toThrow(TypeError);
  });
});
