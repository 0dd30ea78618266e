/** The next step after damage, the one place that knows it: by what keeps the ledger, and by what is wrong with it. */
import path from "node:path";
import { slugOfStream } from "@mission-ledger/core/mission";
import { shellQuote } from "../output/shell-quote.ts";
import type { LogProblem } from "./check-log.ts";
import type { CommandContext } from "./spec.ts";

/** What keeps the ledger, and how commands are typed there. */
export type DamagedAt = Pick<CommandContext, "keptBy" | "remembersIn" | "say">;

export interface Damage {
  readonly code: string;
  /** `""` for the ledger as a whole. */
  readonly mission: string;
  /** All lines of the log are sound, and it is not what was written all the same. @defaultValue false */
  readonly isContent?: boolean;
  /**
   * What a check of the whole ledger found, by `verify` or `doctor`. Without it somebody met the damage while reading, and is
   * told to check wherever a log file cannot simply be repaired.
   */
  readonly checked?: Checked;
}

export interface Checked {
  /** Of a database. */
  readonly path?: string;
  /** Every row of the database is whole; see `DatabaseReport`. @defaultValue false */
  readonly rowsWhole?: boolean;
}

export interface DamageStep {
  /** What to type; `null` where a person has to do something first that is no command. */
  readonly command: string | null;
  /** The same in words, with the command in it. */
  readonly hint: string;
}

/** The step that helps, or that leads to the page that does. */
export const damageStep = (at: DamagedAt, damage: Damage): DamageStep => {
  if (damage.code === "UNSUPPORTED_FORMAT") return inWords(newerVersion);
  switch (at.keptBy) {
    case "file":
      return stepForLogFile(at, damage);
    case "sqlite":
      return damage.checked === undefined ? toCheck(at, damage) : stepForDatabase(at, damage, damage.checked);
    case "eventstoredb":
      return damage.checked === undefined ? toCheck(at, damage) : stepForServer(at, damage);
    case "host":
      return damage.checked === undefined
        ? toCheck(at, damage)
        : inWords(`The host program keeps this ledger: mend it there, then: ${at.say("verify")}`);
  }
};

/** The damage that a problem stands for. */
export const damageIn = (
  { code, stream, revision, offset }: Omit<LogProblem, "message">,
  checked?: Checked,
): Damage => ({
  code,
  mission: slugOfStream(stream),
  isContent: offset === null && revision !== null,
  ...(checked === undefined ? {} : { checked }),
});

/** As the end of a warning: `next: mled repair p`. */
export const nextStep = (at: DamagedAt, damage: Damage): string => {
  const { command, hint } = damageStep(at, damage);
  return `next: ${command ?? `${hint.charAt(0).toLowerCase()}${hint.slice(1).replace(/\.$/, "")}`}`;
};

/** No command of this version mends what a newer one wrote. */
const newerVersion = "Use the version of mission-ledger that wrote it, or a newer one.";

/** No command moves away what is not ours. */
export const moveAway = "look who put it there, and move it away";

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const inWords = (hint: string): DamageStep => ({ command: null, hint });

const toCheck = ({ say }: DamagedAt, { mission }: Damage): DamageStep => {
  const command = say("verify", mission === "" ? "" : shellQuote(mission));
  return { command, hint: `see what is wrong: ${command}` };
};

const stepForLogFile = (at: DamagedAt, { code, mission, isContent = false }: Damage): DamageStep => {
  const { say } = at;
  if (mission === "") return { command: say("doctor"), hint: `see which log it is: ${say("doctor")}` };
  const slug = shellQuote(mission);
  const fromCopy = say("repair", `${slug} --from <file>`);
  switch (code) {
    case "LOG_CORRUPT":
      // What was changed and sealed again cannot be told from what was written but by another copy.
      if (isContent)
        return inWords(
          `Its lines are whole, but not what was written. Move the log away, and make it from a copy: ${fromCopy}`,
        );
      return repaired(say, slug);
    case "DURABILITY_UNKNOWN":
    case "LOG_CONFLICTED":
      return repaired(say, slug);
    case "FORK_DETECTED": {
      const command = say("reconcile", slug);
      return { command, hint: `two copies of the log went on; see both sides, and decide: ${command}` };
    }
    case "LOG_REPLACED":
    case "STORE_MISSING":
      return {
        command: fromCopy,
        hint: `Put the log back, or take what is missing from a copy: ${fromCopy}`,
      };
    case "UNSAFE_FILE":
      return inWords(`${sentence(moveAway)}; if it stands where a log was: ${fromCopy}`);
    case "PERMISSION_DENIED":
      return thenVerify(say, slug, "Check owner and permissions of the log");
    case "STORAGE_ERROR":
      return thenVerify(say, slug, "Look at the system log before you trust the disk further");
    default:
      return thenVerify(
        say,
        slug,
        "Keep the log as it is, and see docs/errors.md for what this code asks for",
      );
  }
};

type Say = CommandContext["say"];

const repaired = (say: Say, slug: string): DamageStep => {
  const command = say("repair", slug);
  return {
    command,
    hint: `mend it: ${command}\nlook first: ${say("repair", `${slug} --dry-run`)}`,
  };
};

const thenVerify = (say: Say, slug: string, first: string): DamageStep => {
  const command = say("verify", slug);
  return { command, hint: `${first}, then: ${command}` };
};

/** Nothing in a database proves what a damaged row was; an index holds nothing that its rows do not. */
const stepForDatabase = (
  { say }: DamagedAt,
  { code, mission }: Damage,
  { path: file, rowsWhole = false }: Checked,
): DamageStep => {
  const then = `then: ${say("verify")}`;
  switch (code) {
    case "LOG_CORRUPT": {
      // What is said of one mission is met in its events, whatever the rows are.
      if (!rowsWhole || file === undefined || mission !== "")
        return inWords(`Write nothing to the database, and keep it; put a sound copy in its place, ${then}`);
      const command = copyBeside(say, file);
      return {
        command,
        hint: `Its rows are whole, and a copy makes the rest anew from them. While nobody writes: ${command}\nmove the database away, with its -wal and -shm, put the copy in its place, ${then}`,
      };
    }
    case "LOG_REPLACED":
      return inWords(
        `Write nothing to the database, and keep it; put back the one that held those events, ${then}`,
      );
    case "UNSAFE_FILE":
      return inWords(`${sentence(moveAway)}, ${then}`);
    default:
      return inWords(
        `Keep the database as it is, and see docs/errors.md for what this code asks for, ${then}`,
      );
  }
};

const copyBeside = (say: Say, file: string): string => {
  const { dir, name, ext } = path.parse(file);
  const [from, to] = [file, path.join(dir, `${name}.copy${ext}`)].map((one) => shellQuote(`sqlite:${one}`));
  return say("copy", `${from} ${to}`);
};

/** No command mends a server: what hides or replaced its events was done there, and is undone there. */
const stepForServer = ({ say, remembersIn }: DamagedAt, { code, mission }: Damage): DamageStep => {
  const then = `then: ${say("verify")}`;
  switch (code) {
    case "LOG_REPLACED": {
      const cache = remembersIn();
      const forget = cache === undefined ? "" : `\nto go on with what it holds now, delete ${cache}`;
      return inWords(
        `Find out whether the server was emptied, or restored from a backup, and put back what it held, ${then}${forget}`,
      );
    }
    case "STREAM_CLOSED":
      return inWords(
        `The stream was deleted for good, and its name cannot be used again there. Bring the mission into another ledger, such as one that the address names by ledger=<name>: ${say("copy", `<a copy of it> <another ledger>${mission === "" ? "" : ` --mission ${shellQuote(mission)}`}`)}`,
      );
    default:
      return inWords(
        `Look at the stream and its metadata on the server ($tb, $maxCount, $maxAge, deletion), undo what hides or changes its events, ${then}`,
      );
  }
};
