import { counted } from "./counted.ts";

/** What is said once nothing is left that nobody answers for: where `answered` is not 0, never that no review objects. */
export const objections = (answered: number, { what = "it" }: { readonly what?: string } = {}): string =>
  answered === 0 ? `no review contradicts ${what}` : `${counted(answered, "contradiction")}, answered for`;
