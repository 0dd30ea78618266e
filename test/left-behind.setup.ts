/** Files share a process: one that leaves it other than it found it fails itself, and not whoever comes next. */
import fs from "node:fs";
import { afterAll, expect } from "vitest";

const events = ["uncaughtException", "unhandledRejection", "warning", "SIGINT", "SIGTERM"];

/** What a file may change while it runs, and has to put back. */
const shared = () => ({
  folder: process.cwd(),
  environment: { ...process.env },
  exitCode: process.exitCode,
  listeners: Object.fromEntries(events.map((event) => [event, process.listenerCount(event)])),
  functions: { ...fs, Date, fetch, setImmediate, setInterval, setTimeout },
});

const found = shared();
afterAll(() => {
  expect(shared(), "what this file leaves behind in its process").toEqual(found);
});
