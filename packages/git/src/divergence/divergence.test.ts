import fs from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { clonedPair, programOf, scratchFolder } from "../testing/repositories.ts";
import { readDivergence } from "./divergence.ts";

describe("a branch and its upstream", () => {
  test("are in sync, ahead, behind or diverged by so many commits", async () => {
    const [origin, clone] = clonedPair();
    const one = clone.git("rev-parse", "HEAD");
    const main = async () => (await readDivergence(clone.place, { branch: "main" })).state;
    expect(await main()).toEqual({ _tag: "InSync", local: one, remote: one, ahead: 0, behind: 0 });
    const local = clone.commit("local");
    expect(await main()).toEqual({ _tag: "Ahead", local, remote: one, ahead: 1, behind: 0 });
    origin.commit("two");
    const remote = origin.commit("three");
    clone.git("fetch", "--quiet");
    expect(await main()).toEqual({ _tag: "Diverged", local, remote, ahead: 1, behind: 2 });
    clone.git("reset", "--quiet", "--hard", one);
    expect(await main()).toEqual({ _tag: "Behind", local: one, remote, ahead: 0, behind: 2 });
  });

  test("without a common history have diverged", async () => {
    const [, clone] = clonedPair();
    clone.git("checkout", "--quiet", "--orphan", "alone");
    clone.commit("alone");
    expect(
      await readDivergence(clone.place, { branch: "alone", upstream: { branch: "main" } }),
    ).toMatchObject({ state: { _tag: "Diverged", ahead: 1, behind: 1 } });
  });

  test("may be missing on either side, each in its own way", async () => {
    const [, clone] = clonedPair();
    const local = clone.git("rev-parse", "HEAD");
    const { place } = clone;
    clone.git("branch", "--no-track", "alone");
    expect(await readDivergence(place, { branch: "alone" })).toEqual({
      branch: "alone",
      state: { _tag: "NoUpstream", local },
      fetch: { _tag: "NotAsked" },
    });
    expect(await readDivergence(place, { branch: "none" })).toMatchObject({
      state: { _tag: "MissingLocal" },
    });
    expect(await readDivergence(place, { branch: "none", upstream: { branch: "main" } })).toMatchObject({
      state: { _tag: "MissingLocal", remote: local },
    });
    clone.git("update-ref", "-d", "refs/remotes/origin/main");
    expect(await readDivergence(place, { branch: "main" })).toMatchObject({
      state: { _tag: "MissingRemote", local },
      upstream: { ref: "refs/remotes/origin/main", remote: "origin" },
    });
  });

  test("are compared within one repository where the upstream is a local branch", async () => {
    const [, clone] = clonedPair();
    clone.git("checkout", "--quiet", "-b", "topic", "--track", "main");
    clone.commit("more");
    const found = await readDivergence(clone.place, { branch: "topic", fetch: true });
    expect(found).toMatchObject({ state: { _tag: "Ahead", ahead: 1 }, fetch: { _tag: "NotAsked" } });
    expect(found).not.toHaveProperty("lastFetch");
  });

  test("are asked for by names that are no options", async () => {
    const place = { cwd: "/" };
    for (const request of [
      { branch: "--all" },
      { branch: "main", upstream: { branch: "--upload-pack=evil" } },
      { branch: "main", upstream: { remote: "--upload-pack=evil", branch: "main" } },
      { branch: "main", upstream: { remote: "ext::evil", branch: "main" } },
    ])
      await expect(readDivergence(place, { ...request, fetch: true })).rejects.toMatchObject({
        code: "GIT_NAME_INVALID",
      });
  });
});

describe("a fetch before the look", () => {
  test("brings the upstream, and nothing else", async () => {
    const [origin, clone] = clonedPair();
    origin.git("branch", "other");
    origin.git("tag", "v1");
    const remote = origin.commit("two");
    const found = await readDivergence(clone.place, { branch: "main", fetch: true });
    expect(found).toMatchObject({
      state: { _tag: "Behind", remote, behind: 1 },
      fetch: { _tag: "Fetched" },
      lastFetch: { from: "fetch" },
    });
    expect(clone.git("for-each-ref", "--format=%(refname)").split("\n")).toEqual([
      "refs/heads/main",
      "refs/remotes/origin/HEAD",
      "refs/remotes/origin/main",
    ]);
    expect(clone.git("status", "--porcelain")).toBe("");
  });

  test("runs no hook of the repository", async () => {
    const [origin, clone] = clonedPair();
    origin.commit("two");
    const mark = path.join(scratchFolder(), "ran");
    const hook = path.join(clone.folder, ".git/hooks/reference-transaction");
    fs.mkdirSync(path.dirname(hook), { recursive: true });
    fs.writeFileSync(hook, `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 });
    expect((await readDivergence(clone.place, { branch: "main", fetch: true })).fetch._tag).toBe("Fetched");
    expect(fs.existsSync(mark)).toBe(false);
  });

  test("sees that the branch is gone there, although it is remembered here", async () => {
    const [origin, clone] = clonedPair();
    origin.git("checkout", "--quiet", "-b", "elsewhere/refs/heads/main");
    origin.git("branch", "--quiet", "-D", "main");
    const found = await readDivergence(clone.place, { branch: "main", fetch: true });
    expect(found).toMatchObject({ state: { _tag: "MissingRemote" }, fetch: { _tag: "GoneThere" } });
    expect(clone.git("rev-parse", "refs/remotes/origin/main")).toBe(clone.git("rev-parse", "main"));
  });

  test("that fails leaves the answer of the last one, and the knowledge of when that was", async () => {
    const [origin, clone] = clonedPair();
    clone.git("fetch", "--quiet");
    const note = path.join(clone.folder, ".git/FETCH_HEAD");
    fs.utimesSync(note, 1_700_000_000, 1_700_000_000);
    clone.git("branch", "--quiet", "--no-track", "kept");
    fs.rmSync(origin.folder, { recursive: true });
    const failed = await readDivergence(clone.place, { branch: "main", fetch: true });
    expect(failed).toMatchObject({
      state: { _tag: "InSync" },
      fetch: { _tag: "Failed", why: "unreachable", said: expect.stringContaining(origin.folder) },
    });
    expect(fs.statSync(note).mtimeMs).toBe(1_700_000_000_000);
    expect(fs.readFileSync(note, "utf8")).toContain("branch 'main'");
  });

  test.each([
    [
      "a server that wants a password",
      "https://example.org/x",
      "could not read Username for",
      "access_denied",
    ],
    [
      "a host that nobody knows",
      "https://example.org/x",
      "Could not resolve host: example.org",
      "unreachable",
    ],
    [
      "a key that is refused",
      "ssh://git@example.org/x",
      "git@example.org: Permission denied (publickey).",
      "access_denied",
    ],
    ["something new", "https://example.org/x", "the moon is full", "unknown"],
  ])("fails with %s as a fact of its own", async (_, url, said, why) => {
    const [, clone] = clonedPair();
    clone.git("config", "remote.origin.url", url);
    const program = programOf(
      `case "$*" in *--exit-code*) echo "fatal: ${said}" >&2; exit 128;; *) exec git "$@";; esac`,
    );
    const found = await readDivergence({ ...clone.place, program }, { branch: "main", fetch: true });
    expect(found).toMatchObject({ state: { _tag: "InSync" }, fetch: { _tag: "Failed", why } });
  });

  test("of a remote that is not there fails", async () => {
    const [, clone] = clonedPair();
    const upstream = { remote: "elsewhere", branch: "main" };
    expect(await readDivergence(clone.place, { branch: "main", upstream, fetch: true })).toMatchObject({
      state: { _tag: "MissingRemote" },
      fetch: { _tag: "Failed", why: "not_configured" },
    });
  });

  test("does not run a program that an address names", async () => {
    const [, clone] = clonedPair();
    const mark = path.join(scratchFolder(), "ran");
    clone.git("config", "remote.origin.url", `ext::${programOf(`touch '${mark}'`)}`);
    clone.git("config", "protocol.ext.allow", "always");
    expect((await readDivergence(clone.place, { branch: "main", fetch: true })).fetch).toMatchObject({
      _tag: "Failed",
      why: "unreachable",
    });
    expect(fs.existsSync(mark)).toBe(false);
  });

  test("of a server that wants a password fails at once, and no program asks for it", async () => {
    const [, clone] = clonedPair();
    const server = createServer((_, answer) => {
      answer.writeHead(401, { "www-authenticate": 'Basic realm="ask"' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const mark = path.join(scratchFolder(), "asked");
    const ask = programOf(`touch '${mark}'; echo secret`);
    clone.git("config", "core.askPass", ask);
    clone.git("config", "remote.origin.url", `http://127.0.0.1:${port}/shop.git`);
    const env = { ...clone.place.env, GIT_ASKPASS: ask, SSH_ASKPASS: ask };
    const found = await readDivergence({ ...clone.place, env }, { branch: "main", fetch: true });
    server.close();
    expect(found).toMatchObject({
      state: { _tag: "InSync" },
      fetch: { _tag: "Failed", why: "access_denied" },
    });
    expect(fs.existsSync(mark)).toBe(false);
  });

  test("that does not end is given up", async () => {
    const [, clone] = clonedPair();
    clone.git("config", "remote.origin.url", "ssh://example.org/x");
    const env = { ...clone.place.env, GIT_SSH_COMMAND: programOf("exec sleep 5") };
    const found = await readDivergence(
      { ...clone.place, env },
      { branch: "main", fetch: { timeoutMs: 300 } },
    );
    expect(found).toMatchObject({ state: { _tag: "InSync" }, fetch: { _tag: "Failed", why: "timeout" } });
  });

  test.runIf(fs.existsSync("/proc/self/stat"))("has no terminal on which ssh could ask", async () => {
    const [, clone] = clonedPair();
    clone.git("config", "remote.origin.url", "ssh://example.org/x");
    const facts = path.join(scratchFolder(), "stat");
    const env = {
      ...clone.place.env,
      GIT_SSH_COMMAND: programOf(`cat /proc/$$/stat > '${facts}'; exit 255`),
    };
    const found = await readDivergence({ ...clone.place, env }, { branch: "main", fetch: true });
    expect(found.fetch).toMatchObject({ _tag: "Failed", why: "unreachable" });
    // Source: proc_pid_stat(5): after the name come state, parent, process group, session.
    const sessionOf = (stat: string) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3];
    const session = sessionOf(fs.readFileSync(facts, "utf8"));
    expect(session).toMatch(/^[1-9]\d*$/);
    expect(session).not.toBe(sessionOf(fs.readFileSync("/proc/self/stat", "utf8")));
  });

  test("ends with the caller's signal", async () => {
    const [, clone] = clonedPair();
    const caller = new AbortController();
    const program = programOf(`case "$*" in *--exit-code*) exec sleep 60;; *) exec git "$@";; esac`);
    setImmediate(() => caller.abort());
    await expect(
      readDivergence({ ...clone.place, program, signal: caller.signal }, { branch: "main", fetch: true }),
    ).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  });
});
