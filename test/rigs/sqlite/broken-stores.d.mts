export interface BrokenSqliteStore {
  readonly name: string;
  /** Name of the rig. */
  readonly caughtBy: string;
  /** What one of its failures reads like. */
  readonly says: RegExp;
  /** The file, from the sources of the store. */
  readonly in: string;
  /** Texts that are there once, and what stands there instead. */
  readonly change: readonly (readonly [from: string, to: string])[];
}

export declare const brokenSqliteStores: readonly BrokenSqliteStore[];
