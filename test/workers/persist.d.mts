export interface Persisted<A> {
  readonly answer: A;
  /** Code and outcome of each try that came to nothing certain. */
  readonly setbacks: readonly string[];
}

export declare const persist: <A>(
  attempt: (commandId: string | undefined) => Promise<A>,
  options?: { readonly commandId?: string; readonly patienceMs?: number },
) => Promise<Persisted<A>>;
