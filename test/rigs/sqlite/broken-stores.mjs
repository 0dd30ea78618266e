/**
 * SQLite stores that are broken on purpose: the store with a line of its own changed. Each names the rig that must catch it, and
 * what that rig has to say, so that nobody is caught for another reason.
 */
export const brokenSqliteStores = [
  {
    name: "reads back without asking which files stand at the path",
    caughtBy: "sqlite-places",
    says: /has a receipt and was not at the path/,
    in: "append/read-back.ts",
    change: [['if (place === "Moved")', "if (false)"]],
  },
  {
    name: "reads back from its memory",
    caughtBy: "sqlite-places",
    says: /has a receipt and was not at the path/,
    in: "append/read-back.ts",
    change: [
      [
        'failpoint("append:read-back");',
        "return eventsOf(mark.rows.events.map((row) => [...row, ...mark.rows.command]), commit);",
      ],
    ],
  },
  {
    name: "does not look for the command id",
    caughtBy: "sqlite-errno",
    says: /every answer is one of the four: TypeError: a conflict/,
    in: "append/place-commit.ts",
    change: [["if (!hasFreshId)", "if (false)"]],
  },
  {
    name: "begins as a reader and turns writer",
    caughtBy: "sqlite-crowd",
    says: /BUSY_SNAPSHOT|database is locked/,
    in: "connection/begin-at-once.ts",
    change: [['"BEGIN IMMEDIATE"', '"BEGIN DEFERRED"']],
  },
  {
    name: "does not hear how its commit ended",
    caughtBy: "sqlite-full",
    says: /a disk with room .* answered (?!STORAGE_FULL)/,
    in: "append/transactions.ts",
    change: [
      [
        'retry.stubbornly(() => now.connection.prepare("COMMIT").run());',
        'try { now.connection.prepare("COMMIT").run(); } catch { /* goes on */ }',
      ],
    ],
  },
  {
    name: "believes a row without its checksum",
    caughtBy: "sqlite-pages",
    says: /is read otherwise than it was written/,
    in: "schema/rows.ts",
    change: [["if (crcOfColumns(row, eventCount - 1) !== crc)", "if (false)"]],
  },
  {
    name: "says that nothing was written after a commit that was not confirmed",
    caughtBy: "sqlite-errno",
    says: /not written stays unwritten/,
    in: "append/transactions.ts",
    change: [['isOpen ? "unknown" : fault.outcome', '"not_written"']],
  },
];
