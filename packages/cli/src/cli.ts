/** The command line as a library: the table of commands, our program as a function, and mounts for other programs. */

export type { CommandInput, FieldDefinition, FieldSpec, Kind } from "./command/fields.ts";
export type { RawInput } from "./command/input.ts";
export type { CommandResult, Row } from "./command/result.ts";
export type { JsonSchema } from "./command/schema.ts";
export type { CommandContext, CommandSpec, Environment, Place } from "./command/spec.ts";
export { commands } from "./commands/index.ts";
export { type Envelope, envelopeSchema, type SyncDiagnostic, type SyncReport } from "./output/envelope.ts";
export { type ExitCode, exitCodeOf, exitCodes } from "./output/exit-codes.ts";
export { printable, printableJson, printableLines } from "./output/printable.ts";
export type { Problem } from "./output/problem.ts";
export type { CommanderLike } from "./run/commander-like.ts";
export type { Io, Output } from "./run/io.ts";
export { type LedgerSource, type MountOptions, mountCommands } from "./run/mount.ts";
export { processIo } from "./run/process-io.ts";
export { type RunContext, type RunOutcome, runCommand } from "./run/run-command.ts";
export { runLedger } from "./run/run-ledger.ts";
export { version } from "./version.ts";
