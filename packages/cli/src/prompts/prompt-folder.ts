/** Where review prompts lie: with the ledger, on this machine, in a folder of whoever asks for them. Never in a temporary folder. */
import path from "node:path";
import { keyPattern } from "@mission-ledger/core/mission";
import { encodeStreamName } from "@mission-ledger/store-file";
import type { Environment, Place } from "../command/spec.ts";
import { CliError } from "../output/problem.ts";
import { stateFolderOf } from "../place/user-folders.ts";
import { serverFolderName } from "../store/eventstoredb.ts";
import { ownUser } from "./own-user.ts";

/**
 * Each user has one of their own, so that nobody is shut out of a ledger that several share, and nobody writes into another's.
 * Not below the copies that git publishes: prompts hold paths. Throws `INPUT_REQUIRED` where the ledger is not on this machine
 * and nothing says whose home this is.
 */
export const promptFolderOf = ({ at }: Pick<Place, "at">, env: Environment): string => {
  const name = `prompts${userSuffix()}`;
  switch (at?.store) {
    case "file":
      return path.join(at.path, name);
    case "sqlite":
      return `${at.path}-${name}`;
    case "eventstoredb":
      return path.join(stateFolder(env), "servers", serverFolderName(at.identity), name);
    case undefined:
      return path.join(stateFolder(env), "host", name);
  }
};

const stateFolder = (env: Environment): string => {
  const folder = stateFolderOf(env);
  if (folder !== undefined) return folder;
  throw new CliError("INPUT_REQUIRED", "nothing says where review prompts of this ledger are kept", {
    hint: "Set XDG_STATE_HOME or HOME to an absolute path.",
    details: { missing: "XDG_STATE_HOME" },
  });
};

const userSuffix = (): string => {
  const user = ownUser();
  return user === undefined ? "" : `-${user}`;
};

export interface PromptName {
  readonly mission: string;
  readonly workPackageId: string;
  readonly promptId: string;
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The folders below the prompts' own, and the file. `undefined` for what can be no prompt's name; throws `LIMIT_EXCEEDED`. */
export const pathOfPrompt = ({
  mission,
  workPackageId,
  promptId,
}: PromptName): readonly [mission: string, workPackage: string, file: string] | undefined =>
  keyPattern.test(workPackageId) && uuidPattern.test(promptId)
    ? [encodeStreamName(mission), workPackageId, `${promptId}.md`]
    : undefined;

/** The prompt that a file's name says it is. */
export const promptIdOf = (fileName: string): string | undefined => {
  const id = fileName.endsWith(".md") ? fileName.slice(0, -3) : "";
  return uuidPattern.test(id) ? id : undefined;
};
