/**
 * One history of a few processes on one stream, under faults, as a seed says: commands that are tried again and commands that
 * are not, one command id that every process sends, and an account of everything that was answered.
 */
import { type CommandHandler, commandHandler, type EventStore, isStoreFault } from "@mission-ledger/core";
import {
  type Counter,
  type CounterCommand,
  type CounterEvent,
  type CounterRefusal,
  counter,
  counterCodec,
  seededRandomness,
} from "@mission-ledger/testkit";
import type { Fault, FaultOrder } from "@mission-ledger/wire-server";
import { openEventStoreDb } from "../event-store-db.ts";
import { type MemoryServer, memoryServer } from "./memory-server.ts";
import { type VirtualTimers, virtualTimers } from "./virtual-timers.ts";

const stream = "counter-1";
const sharedId = "sent-by-all";

/** What can be switched on: a fault with lengths that the seed draws. */
export interface FaultSwitch {
  readonly name: string;
  readonly at: FaultOrder["at"];
  fault(draw: (most: number) => number): Fault;
  /** The server answers what is not so: the outcome may stay unknown for ever, but no receipt may be given for it. */
  readonly lies?: true;
}

/** One call of a store must not take longer than this, in virtual milliseconds: its budget, and a call that was under way. */
const longestMs = {
  append: 20_000 + 2 * 5_000 + 2_000,
  readBack: 10_000 + 5_000 + 3_000,
  others: 10_000 + 2 * 5_000 + 3_000,
};

type Handler = CommandHandler<CounterCommand, Counter, CounterEvent, CounterRefusal>;

interface Told {
  readonly commandId: string;
  readonly eventIds: readonly string[];
  readonly repeated: boolean;
  /** Nobody can have written it before. */
  readonly isFirst: boolean;
}

/** One to three events; the same for everybody who sends the command. */
const amountOf = (commandId = "1"): number => 1 + ((commandId.charCodeAt(commandId.length - 1) * 7) % 25);

/** Everything that is wrong with the history; empty where nothing is. */
export const faultRun = async (
  seed: number,
  switches: readonly FaultSwitch[],
): Promise<readonly string[]> => {
  const timers = virtualTimers();
  const randomness = seededRandomness(seed);
  const draw = (most: number): number => Math.floor(randomness.fraction() * most);
  const server = memoryServer({ timers, randomness });
  const wrong: string[] = [];
  const processes = 2 + draw(2);
  const stores: EventStore[] = [];
  const open = async (number: number): Promise<EventStore> => {
    const store = await openEventStoreDb({
      gateway: server.gateway(),
      namespace: "seeded",
      timers,
      randomness: seededRandomness(seed * 31 + number),
      pageSize: 3 + draw(6),
    });
    stores.push(store);
    return watched(store, timers, wrong);
  };
  const handlerOf = (store: EventStore, number: number): Handler =>
    commandHandler({
      store,
      decider: counter,
      codec: counterCodec,
      timers,
      randomness: seededRandomness(seed * 37 + number),
    });

  const told: Told[] = [];
  const absent = new Set<string>();
  const owed = new Set<string>();
  const attempt = async (
    handler: Handler,
    commandId: string | undefined,
    isFirst: boolean,
  ): Promise<"done" | "again" | "no"> => {
    const at = `2026-01-01T00:00:${String(draw(60)).padStart(2, "0")}.000Z`;
    const options = { actor: "ana", ...(commandId === undefined ? {} : { commandId }) };
    const answer = await handler.attempt(stream, { type: "Add", at, amount: amountOf(commandId) }, options)();
    if (answer._tag === "Right") {
      const { eventIds, repeated } = answer.right;
      told.push({ commandId: answer.right.commandId, eventIds, repeated, isFirst });
      return "done";
    }
    const reason = answer.left;
    const id = commandId ?? (isStoreFault(reason) ? String(reason.details.commandId) : undefined);
    if (!isStoreFault(reason)) {
      wrong.push(`${commandId} was answered with ${reason._tag}`);
      return "no";
    }
    if (reason.code === "INTERNAL") wrong.push(`${commandId}: ${reason.message}`);
    if (reason.outcome === "not_written" && id !== undefined) absent.add(id);
    return reason.outcome === "unknown" || reason.retryable ? "again" : "no";
  };

  /** Sends its commands, some at once; tries some again, with pauses, as a patient caller would. */
  const process = async (number: number): Promise<void> => {
    const handler = handlerOf(await open(number), number);
    const command = async (name: string): Promise<void> => {
      const isPatient = name === sharedId || draw(3) > 0;
      const id = name !== sharedId && draw(4) === 0 ? undefined : name;
      if (id !== undefined && isPatient) owed.add(id);
      for (let tries = 0; tries < 3; tries += 1) {
        const answer = await attempt(handler, id, tries === 0 && id !== sharedId);
        if (answer === "done" || id === undefined || !isPatient) return;
        await new Promise<void>((resolve) => timers.after(draw(4_000), resolve));
      }
    };
    const own = Array.from({ length: 1 + draw(3) }, (_, index) => `process-${number}-${index}`);
    await Promise.all([sharedId, ...own].map(command));
  };

  for (const { at, fault } of switches)
    for (let orders = 1 + draw(3); orders > 0; orders -= 1)
      server.strike({ at, fault: fault(draw), times: 1 + draw(3), after: draw(12) });

  await timers.until(Promise.all(Array.from({ length: processes }, (_, index) => process(index))), 3_600_000);
  server.calm();
  // What was delayed arrives.
  await timers.pass(60_000);
  const isHonest = switches.every(({ lies }) => lies !== true);

  // Whoever still owes an answer gets one now, from a process that has just begun.
  const late = handlerOf(await open(99), 99);
  for (const id of owed) {
    if (told.some(({ commandId }) => commandId === id)) continue;
    const answer = await timers.until(attempt(late, id, false), 120_000);
    if (answer !== "done" && isHonest) wrong.push(`${id} never got a definite answer`);
  }

  judge(server, told, absent, owed, isHonest, wrong);
  await timers.until(Promise.all(stores.map((store) => store.close())));
  await timers.pass(0);
  if (timers.pending > 0) {
    // A late reply that nobody waits for may be on its way; nothing else.
    await timers.pass(60_000);
    if (timers.pending > 0) wrong.push(`${timers.pending} timers are left after closing`);
  }
  return wrong;
};

/** Compares what was answered with what stands on the server. */
const judge = (
  server: MemoryServer,
  told: readonly Told[],
  absent: ReadonlySet<string>,
  owed: ReadonlySet<string>,
  isHonest: boolean,
  wrong: string[],
): void => {
  const log = server.log.stream(`seeded_${stream}`);
  const ids = log.map(({ id }) => id);
  const commands = log
    .map(({ metadata }) => metadata as { readonly commandId: string; readonly index: number })
    .flatMap(({ commandId, index }) => (index === 0 ? [commandId] : []));
  if (new Set(ids).size !== ids.length) wrong.push("an event is there twice");
  if (new Set(commands).size !== commands.length) wrong.push("a command is there twice");
  const links = log.map(
    ({ metadata }) => metadata as { readonly digest: string; readonly previous: string | null },
  );
  for (const [at, { previous }] of links.entries())
    if (previous !== (links[at - 1]?.digest ?? null)) wrong.push(`the chain breaks at revision ${at}`);
  for (const { commandId, eventIds, repeated, isFirst } of told) {
    if (isFirst && repeated) wrong.push(`${commandId} was said to have been written before`);
    for (const id of eventIds)
      if (!ids.includes(id)) wrong.push(`${commandId} was acknowledged and is missing`);
  }
  for (const id of new Set(told.map(({ commandId }) => commandId))) {
    const answers = told.filter(({ commandId }) => commandId === id);
    if (new Set(answers.map(({ eventIds }) => eventIds.join())).size > 1)
      wrong.push(`${id} has receipts for different events`);
    if (answers.filter(({ repeated }) => !repeated).length > 1)
      wrong.push(`${id} was said twice to be written now`);
  }
  if (isHonest)
    for (const id of absent)
      if (!owed.has(id) && commands.includes(id))
        wrong.push(`${id} is there although nothing was to be written`);
  if (server.mostIdentical() > 1) wrong.push("a process had two identical appends in flight");
};

/** Measures each call. */
const watched = (store: EventStore, timers: VirtualTimers, wrong: string[]): EventStore => {
  const within = async <A>(name: string, longest: number, call: Promise<A>): Promise<A> => {
    const since = timers.now();
    try {
      return await call;
    } finally {
      if (timers.now() - since > longest) wrong.push(`${name} took ${Math.round(timers.now() - since)} ms`);
    }
  };
  return {
    ...store,
    append: (request) => within("append", longestMs.append + longestMs.others, store.append(request)),
    readBack: (appended) => within("readBack", longestMs.readBack, store.readBack(appended)),
    confirm: (name, head) => within("confirm", longestMs.others, store.confirm(name, head)),
    findCommand: (name, id) => within("findCommand", 2 * longestMs.others, store.findCommand(name, id)),
    head: (name) => within("head", longestMs.others, store.head(name)),
  };
};
