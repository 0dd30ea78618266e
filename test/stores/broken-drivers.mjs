/**
 * Drivers that are broken on purpose, each in one way: a store over one of them breaks a promise that it would keep over
 * better-sqlite3. Each is caught by the rig or test that names it.
 */
import { Driver } from "./sqlite-file.mjs";

/** A driver with other SQL than it is given, and other answers to pragmas that ask. */
export const drivenBy = ({ sql = (text) => text, answers = {} }) =>
  class extends Driver {
    prepare(text) {
      return super.prepare(sql(text));
    }
    exec(text) {
      return super.exec(sql(text));
    }
    pragma(text, options) {
      const asked = text.trim().toLowerCase();
      if (Object.hasOwn(answers, asked)) {
        const answer = answers[asked];
        return options?.simple === true ? answer : [{ [asked]: answer }];
      }
      return super.pragma(sql(text), options);
    }
  };

const synchronous = (mode) =>
  drivenBy({
    sql: (text) => text.replaceAll(/(\bsynchronous\s*=\s*)(?:FULL|EXTRA|2|3)\b/gi, `$1${mode}`),
    answers: { synchronous: 2 },
  });

/** Never flushes and says that it does: `rigs/power-cut.mjs` must see the loss. */
export const neverFlushes = synchronous("OFF");

/** Flushes at checkpoints only, as the driver's build does by default: `rigs/power-cut.mjs` must see the loss. */
export const flushesAtCheckpoints = synchronous("NORMAL");

/** Not broken, but small: a database may have so many pages, and is full then. */
export const driverWithMostPages = (pages) =>
  class extends Driver {
    constructor(path, options) {
      super(path, options);
      if (options?.readonly !== true) super.pragma(`max_page_count = ${pages}`);
    }
  };
