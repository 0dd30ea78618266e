/** How the demo tells what happens: one line each, plain in a pipe. */
import { titleOf } from "./plan.mjs";

const colorful = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
const paint = (code) => (text) => (colorful ? `\x1b[${code}m${text}\x1b[0m` : text);
export const dim = paint("2");
export const strong = paint("1");
export const good = paint("32");
export const bad = paint("31");
const warm = paint("33");

const begun = performance.now();
export const print = (text = "") => process.stdout.write(`${text}\n`);
const line = (who, text) => {
  const seconds = ((performance.now() - begun) / 1000).toFixed(2).padStart(6);
  print(`${dim(seconds)}  ${strong(who.padEnd(6))} ${text}`);
};

export const heading = (text) => print(`\n${strong(text)}`);
export const check = (holds, text) => print(`${holds ? good("ok    ") : bad("fail  ")}${text}`);

const named = (workPackageId) => `${workPackageId} ${titleOf(workPackageId)}`;

const told = {
  claim: ({ workPackageId, kind, fence }) =>
    kind === "review"
      ? `reviews ${named(workPackageId)}`
      : `claims ${named(workPackageId)}   ${dim(`fence ${fence}`)}`,
  "hand over": ({ workPackageId }) => `hands ${workPackageId} over for review, with evidence`,
  verdict: ({ workPackageId, verdict, notes }) =>
    verdict === "approved"
      ? good(`approves ${workPackageId}`)
      : warm(`sends ${workPackageId} back: ${notes}`),
  recover: ({ workPackageId, from }) =>
    warm(`recovers ${workPackageId}: the lease of ${from} is over, and ${from} does not answer`),
  ghost: ({ workPackageId, fence, refused }) =>
    warm(`rises and writes to ${workPackageId} with the old fence ${fence}: refused, ${refused}`),
  early: ({ workPackageId, refused }) =>
    dim(`asks to recover ${workPackageId} at once: refused, ${refused}, the lease still runs`),
  kill: ({ workPackageId }) => bad(`is killed with SIGKILL in the middle of ${workPackageId}`),
};

const toldOfRefusals = {
  CLAIM_HELD: ({ workPackageId, holder }) => dim(`loses the race for ${workPackageId} to ${holder}`),
  SELF_REVIEW: ({ workPackageId }) =>
    warm(`tries to review their own ${workPackageId}: refused, SELF_REVIEW`),
};

let selfReviewsTold = 0;

/** Tells one piece of news, if it is worth a line. */
export const tell = (news) => {
  const { actor, what, wanted, refused } = news;
  if (what !== "refused") {
    if (told[what] !== undefined) line(actor, told[what](news));
    return;
  }
  if (wanted === "review own work") {
    // The same again from everybody would be a bore.
    if (refused === "SELF_REVIEW" && selfReviewsTold++ < 2) line(actor, toldOfRefusals.SELF_REVIEW(news));
    return;
  }
  if (wanted === "claim" && refused === "CLAIM_HELD") line(actor, toldOfRefusals.CLAIM_HELD(news));
};
