/** The text of a generation: who made it, since when, and whether it is still held. */
import type { ProcessIdentity } from "./process-facts.ts";

export interface Claim {
  readonly held: boolean;
  readonly holder: ProcessIdentity;
  /** RFC 3339, by the holder's clock. */
  readonly since: string;
}

export const claimText = ({ held, holder, since }: Claim): Buffer => {
  const { pid, start, boot, namespace } = holder;
  return Buffer.from(`${held ? "held" : "free"} ${pid} ${since} ${start} ${namespace} ${boot}\n`);
};

/** Written over the first word of a claim: one write of four bytes into a page that is there. */
export const freedText: Buffer = Buffer.from("free");

/** `undefined` for what is no claim, which has to be treated as held. */
export const parseClaim = (text: string): Claim | undefined => {
  const match =
    /^(held|free) ([0-9]{1,10}) (\S{1,40}) ([0-9]{1,20}|-) ([0-9-]{1,48}) ([0-9a-f-]{1,36})\n$/.exec(text);
  if (match === null) return undefined;
  const [, state, pid, since, start, namespace, boot] = match as unknown as readonly string[] & { 1: string };
  return {
    held: state === "held",
    since: since as string,
    holder: {
      pid: Number(pid),
      start: start as string,
      namespace: namespace as string,
      boot: boot as string,
    },
  };
};

/** Bytes that hold any claim. */
export const longestClaim = 256;

/** The name of a claim that has no number yet; it tells by itself whose it is. */
export const draftName = ({ boot, namespace, pid, start }: ProcessIdentity, id: string): string =>
  `${boot}.draft.${pid}.${start}.${namespace}.${id}`;

/** A name in a generation's directory; `undefined` if it is none of ours. */
export const parseName = (
  name: string,
):
  | { readonly _tag: "Generation"; readonly boot: string; readonly number: number }
  | { readonly _tag: "Draft"; readonly maker: ProcessIdentity }
  | undefined => {
  const generation = /^([0-9a-f-]{1,36})\.([0-9]{12})$/.exec(name);
  if (generation !== null)
    return { _tag: "Generation", boot: generation[1] as string, number: Number(generation[2]) };
  const draft =
    /^([0-9a-f-]{1,36})\.draft\.([0-9]{1,10})\.([0-9]{1,20}|-)\.([0-9-]{1,48})\.[0-9a-z-]{1,64}$/.exec(name);
  if (draft === null) return undefined;
  const [, boot, pid, start, namespace] = draft as unknown as readonly string[];
  return {
    _tag: "Draft",
    maker: { boot: boot as string, pid: Number(pid), start: start as string, namespace: namespace as string },
  };
};

export const generationName = (boot: string, number: number): string =>
  `${boot}.${String(number).padStart(12, "0")}`;
