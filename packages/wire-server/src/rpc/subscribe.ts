/**
 * Subscriptions: confirmation, what is there, "caught up", then what comes. Nothing is queued for a reader: each reads the log
 * at its own pace, so that a slow one costs no memory and waits for nobody but itself.
 */
import { randomUUID } from "node:crypto";
import { recordFrom } from "../log/read.ts";
import { lastRevision, viewStream } from "../log/visibility.ts";
import { readFailed, streamDeleted } from "../wire/refusals.ts";
import { streamsMessages } from "../wire/stubs.ts";
import { encoded } from "./encoded.ts";
import type { ReadTerms } from "./gate.ts";
import type { Outlet, ReadResp } from "./outlet.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Service } from "./service.ts";

const confirmation = (): ReadResp => {
  const confirmed = new streamsMessages.ReadResp.SubscriptionConfirmation();
  confirmed.setSubscriptionId(randomUUID());
  const response = new streamsMessages.ReadResp();
  response.setConfirmation(confirmed);
  return response;
};
const caughtUp = (): ReadResp => {
  const response = new streamsMessages.ReadResp();
  response.setCaughtUp(new streamsMessages.ReadResp.CaughtUp());
  return response;
};
const checkpoint = (position: number): ReadResp => {
  const reached = new streamsMessages.ReadResp.Checkpoint();
  reached.setCommitPosition(String(position));
  reached.setPreparePosition(String(position));
  const response = new streamsMessages.ReadResp();
  response.setCheckpoint(reached);
  return response;
};

const visibleEnd = ({ log }: Service, { unseen = 0 }: ReadTerms): number =>
  Math.max(0, log.visible() - unseen);

export const subscribeToStream = async (
  service: Service,
  request: ReadRequest,
  outlet: Outlet,
  terms: ReadTerms,
): Promise<void> => {
  const { log } = service;
  const name = request.stream ?? "";
  const startsAtEnd = request.from === "end";
  let last =
    request.from === "start"
      ? -1
      : request.from === "end"
        ? lastRevision(log.stream(name), visibleEnd(service, terms))
        : request.from;
  let hasLooked = false;
  let isCaughtUp = false;
  await outlet.message(confirmation());
  while (outlet.isOpen()) {
    const end = visibleEnd(service, terms);
    const view = viewStream(log, name, end);
    if (view._tag === "Tombstoned") {
      const tombstone = log.stream(name)?.tombstone;
      if (hasLooked && tombstone !== undefined) await outlet.event(encoded(service, request, tombstone));
      throw streamDeleted(name);
    }
    hasLooked = true;
    if (view._tag === "There") {
      last = Math.max(last, view.first - 1);
      while (last < view.last && outlet.isOpen()) {
        last++;
        const waiting = outlet.event(encoded(service, request, view.stream.records[last] as number));
        if (waiting !== undefined) await waiting;
      }
    }
    // Nobody has caught up with a stream that is not there yet, unless only what is to come was asked for.
    if (!isCaughtUp && (view._tag === "There" || startsAtEnd)) {
      isCaughtUp = true;
      await outlet.message(caughtUp());
    }
    if (visibleEnd(service, terms) === end) await outlet.pause(log.onAdvance);
  }
};

export const subscribeToAll = async (
  service: Service,
  request: ReadRequest,
  outlet: Outlet,
  terms: ReadTerms,
): Promise<void> => {
  const { log } = service;
  const { checkpointEvery, filter, from } = request;
  const start = recordFrom(log, from, visibleEnd(service, terms));
  if (start === undefined) throw readFailed("All");
  // Exclusive: a subscription continues after the record it names.
  let next = start < log.count() && log.position(start) === from ? start + 1 : start;
  let considered = 0;
  let isCaughtUp = false;
  await outlet.message(confirmation());
  while (outlet.isOpen()) {
    const end = visibleEnd(service, terms);
    while (next < end && outlet.isOpen()) {
      const record = next++;
      const isWanted = filter === undefined || filter(record);
      let waiting = isWanted ? outlet.event(encoded(service, request, record)) : undefined;
      if (waiting !== undefined) await waiting;
      if (filter === undefined || ++considered < checkpointEvery) continue;
      considered = 0;
      waiting = outlet.message(checkpoint(log.position(record)));
      if (waiting !== undefined) await waiting;
    }
    if (!isCaughtUp) {
      isCaughtUp = true;
      await outlet.message(caughtUp());
    }
    if (visibleEnd(service, terms) <= next) await outlet.pause(log.onAdvance);
  }
};
