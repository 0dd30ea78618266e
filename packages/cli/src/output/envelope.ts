/** The one JSON document a command prints. Additive changes only within `v1`. */

import type { SyncReport } from "../sync/bring.ts";
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

export const renderEnvelope = ({
  command,
  ok,
  data,
  warnings,
  error,
  sync,
}: Omit<Envelope, "schema">): string =>
  `${printableJson({ schema: envelopeSchema, command, ok, data: data ?? null, warnings, error, ...(sync === undefined ? {} : { sync }) })}\n`;
