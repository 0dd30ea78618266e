/** The one JSON document a command prints. Additive changes only within `v1`. */
import type { Diagnostic } from "@mission-ledger/core";
import { printableJson } from "./printable.ts";
import type { Problem } from "./problem.ts";

export const envelopeSchema = "mission-ledger/cli/v1";

export interface Envelope {
  readonly schema: typeof envelopeSchema;
  /** Canonical name such as `wp.move`, whatever a host calls it; `null` when no command was recognised. */
  readonly command: string | null;
  readonly ok: boolean;
  readonly data: unknown;
  readonly warnings: readonly string[];
  readonly error: Problem | null;
  /** Whether what was written was brought to another store as well; only where that was asked for. Never a reason to fail. */
  readonly sync?: SyncReport;
}

/** What the envelope says under `sync`. */
export interface SyncReport {
  /** Without a password. */
  readonly to: string;
  /** Every mission that was to be looked at is the same there. */
  readonly complete: boolean;
  /** Missions that were found or made the same there. */
  readonly equal: number;
  /** Events that were sent now and read back there. */
  readonly events: number;
  /** What went wrong, each kind of trouble once, with how often it was met. None of it concerns the command. */
  readonly diagnostics: readonly SyncDiagnostic[];
}

export interface SyncDiagnostic extends Diagnostic {
  readonly fatal: false;
}

export const renderEnvelope = ({
  command,
  ok,
  data,
  warnings,
  error,
  sync,
}: Omit<Envelope, "schema">): string =>
  `${printableJson({ schema: envelopeSchema, command, ok, data: data ?? null, warnings, error, ...(sync === undefined ? {} : { sync }) })}\n`;
