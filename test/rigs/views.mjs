/**
 * F20: remembered views that are lost, stale, torn, ahead of the log, of another log, of another version. Whatever lies in
 * the cache, a view as commands see it equals the one made from the first event, byte for byte, and so do its head and its
 * count of events that it does not know.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  deciderFold,
  loadFold,
  memorySnapshots,
  memoryViews,
  noSnapshots,
  projectionFold,
  projector,
  StoreFault,
  saveFold,
  sealCommit,
  timestamp,
} from "@mission-ledger/core";
import {
  board,
  claims,
  ledgerOver,
  mission,
  missionCodec,
  ready,
  reviews,
} from "@mission-ledger/core/mission";
import { fileSnapshots, fileViews, nodeFiles, openFileStore } from "@mission-ledger/store-file";
import { sqliteViews } from "@mission-ledger/store-sqlite";
import { nextRequest, planned } from "./inputs/mission-requests.mjs";
import { runCases, seeded } from "./inputs/seeded.mjs";

const stream = "mission-m1";
const projections = [board, ready, claims, reviews];
const specs = [
  deciderFold(mission, missionCodec),
  ...projections.map((view) => projectionFold(view, missionCodec)),
];

/** A history as agents make it, as sealed events; some of them of the future. */
const historyOf = (chance) => {
  let [state, head, now] = [
    mission.initial,
    { revision: -1, digest: null },
    Date.parse("2026-01-01T00:00:00.000Z"),
  ];
  const events = [];
  const put = (actor, encoded) => {
    const context = {
      stream,
      commandId: chance.uuid(),
      commandDigest: "d",
      recordedAt: timestamp(now),
      actor,
    };
    for (const event of sealCommit(head, context, encoded).events) {
      events.push({ ...event, position: String(events.length).padStart(16, "0") });
      head = { revision: event.revision, digest: event.digest };
    }
  };
  const ask = (actor, request) => {
    const decided = mission.decide({ ...request, actor, at: timestamp(now) }, state);
    if (decided._tag === "Left" || decided.right.length === 0) return;
    state = decided.right.reduce(mission.evolve, state);
    put(actor, decided.right.map(missionCodec.encode));
  };
  ask("ana", {
    type: "CreateMission",
    slug: "m1",
    title: `History ${chance.below(1_000_000)}`,
    missionId: "m1",
    dependencyMetAt: "approved",
  });
  ask("ana", { type: "AddWorkPackages", workPackages: planned });
  for (let left = 4 + chance.below(28); left > 0; left -= 1) {
    now += chance.pick([0, 1_000, 7_200_000]);
    const { actor, request } = nextRequest(chance, state);
    ask(actor, request);
    if (chance.chance(4))
      put("zoe", [
        {
          type: chance.pick(["SomethingOfTheFuture", "WorkPackageMoved"]),
          version: 99,
          data: { strange: true },
        },
      ]);
  }
  return events;
};

/** As much of a store as views need, over events in memory. */
const storeOver = (events) => ({
  async *read(_, { after = { revision: -1, digest: null }, to = Number.MAX_SAFE_INTEGER } = {}) {
    if (after.revision >= 0 && events[after.revision]?.digest !== after.digest)
      throw new StoreFault("LOG_REPLACED", "not in this log", { outcome: "not_written", retryable: true });
    const rest = events.slice(after.revision + 1, Math.min(events.length, to + 1));
    if (rest.length > 0) yield rest;
  },
  async *readAll({ after } = {}) {
    const rest = after === undefined ? events : events.filter(({ position }) => position > after);
    if (rest.length > 0) yield rest;
  },
});

const foldOf = (events, spec) => loadFold(storeOver(events), stream, spec, { snapshots: noSnapshots });
const textOf = ({ state, head, unknownEvents, gaps }) =>
  JSON.stringify([state, head.revision, head.digest, unknownEvents, gaps]);

const disturbances = ["lost", "fresh", "stale", "ahead", "foreign", "newer", "older"];

const bySnapshot = async (chance, events, pool) => {
  const spec = chance.pick(specs);
  const snapshots = memorySnapshots();
  const kind = chance.pick(disturbances);
  const ours = events.slice(0, 2 + chance.below(events.length - 1));
  const cut = 1 + chance.below(ours.length);
  const remembered = {
    lost: [],
    fresh: ours,
    stale: ours.slice(0, cut),
    ahead: events,
    foreign: chance.pick(pool),
    newer: events,
    older: events,
  }[kind];
  const version = spec.version + (kind === "newer" ? 1 : kind === "older" ? -1 : 0);
  if (remembered.length > 0)
    await saveFold(snapshots, stream, { ...spec, version }, await foldOf(remembered, spec));
  const store = storeOver(ours);
  const rebuilt = textOf(await foldOf(ours, spec));
  const live = await loadFold(store, stream, spec, { snapshots });
  if (textOf(live) !== rebuilt)
    return `${spec.name} with a ${kind} snapshot: ${textOf(live)}, rebuilt ${rebuilt}`;
  await saveFold(snapshots, stream, spec, live);
  const again = textOf(await loadFold(store, stream, spec, { snapshots }));
  return again === rebuilt
    ? undefined
    : `${spec.name} put down and taken up again: ${again}, rebuilt ${rebuilt}`;
};

const byProjector = async (chance, events, pool) => {
  const projection = chance.pick(projections);
  const views = memoryViews();
  const over = (log) => projector({ store: storeOver(log), codec: missionCodec, projection, views });
  const kind = chance.pick(disturbances);
  const ours = events.slice(0, 2 + chance.below(events.length - 1));
  const seen = {
    lost: [],
    fresh: ours,
    stale: ours.slice(0, 1 + chance.below(ours.length)),
    ahead: events,
    foreign: chance.pick(pool),
    newer: [],
    older: [],
  }[kind];
  if (seen.length > 0) await over(seen).catchUp();
  if (kind === "newer" || kind === "older")
    await views.save(projection.name, projection.version + (kind === "newer" ? 1 : -1), {
      view: null,
      position: "9",
      events: 1,
      last: null,
    });
  const live = JSON.stringify(await over(ours).catchUp());
  const rebuilt = JSON.stringify(
    await projector({
      store: storeOver(ours),
      codec: missionCodec,
      projection,
      views: memoryViews(),
    }).rebuild(),
  );
  return live === rebuilt
    ? undefined
    : `${projection.name} from a ${kind} store: ${live}, rebuilt ${rebuilt}`;
};

/** Snapshots on a disk, each cut, flipped, blanked or swapped with another, before a view is asked for. */
const onDisk = async (chance, scratch, rounds) => {
  const directory = path.join(scratch, "ledger");
  const files = { ...nodeFiles, fdatasync: () => {}, fsync: () => {} };
  const store = await openFileStore({ directory, files });
  const ledger = ledgerOver({
    store,
    snapshots: fileSnapshots({ directory, files }),
    snapshotEvery: 1,
    actor: "ana",
  });
  const ask = (request, actor = "ana") => ledger.mission("m1").attempt(request, { actor })();
  await ask({
    type: "CreateMission",
    slug: "m1",
    title: "On disk",
    missionId: "m1",
    dependencyMetAt: "approved",
  });
  await ask({ type: "AddWorkPackages", workPackages: planned });
  const folder = path.join(directory, "cache", "snapshots");
  let wrong;
  for (let round = 0; round < rounds && wrong === undefined; round += 1) {
    const { actor, request } = nextRequest(chance, await ledger.mission("m1").state());
    if (chance.chance(20)) await ask(request, actor);
    for (const view of projections)
      if (chance.chance(50)) await ledger.mission("m1").remember(view, await ledger.mission("m1").view(view));
    const names = readdirSync(folder);
    const target = path.join(folder, chance.pick(names));
    const bytes = readFileSync(target);
    const at = chance.below(Math.max(1, bytes.length));
    const disturbed = chance.pick([
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes.subarray(0, at), Buffer.alloc(Math.max(0, bytes.length - at))]),
      () => {
        bytes[at] ^= 1 << chance.below(8);
        return bytes;
      },
      () => readFileSync(path.join(folder, chance.pick(names))),
      () => Buffer.concat([bytes, bytes]),
      () => Buffer.alloc(0),
    ])();
    writeFileSync(target, disturbed);
    for (const view of projections) {
      const [live, rebuilt] = [
        await ledger.mission("m1").view(view),
        await ledger.mission("m1").view(view, { fromStart: true }),
      ];
      if (
        JSON.stringify([live.view, live.head.digest]) !== JSON.stringify([rebuilt.view, rebuilt.head.digest])
      )
        wrong = `${view.name} differs after ${path.basename(target)} was disturbed in round ${round}`;
    }
  }
  await ledger.close();
  return wrong;
};

/** What may become of a file: cut, blanked, flipped, filled, doubled, emptied, gone, or another one of its kind. */
const disturbFile = (chance, file, others) => {
  const bytes = readFileSync(file);
  const at = chance.below(Math.max(1, bytes.length));
  const disturbed = chance.pick([
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length - at)]),
    () => {
      if (bytes.length > 0) bytes[at] ^= 1 << chance.below(8);
      return bytes;
    },
    () => bytes.fill(chance.below(256), at, Math.min(bytes.length, at + 1 + chance.below(600))),
    () => Buffer.concat([bytes, bytes]),
    () => Buffer.alloc(0),
    () => undefined,
    () => readFileSync(chance.pick(others)),
  ])();
  if (disturbed === undefined) rmSync(file);
  else writeFileSync(file, disturbed);
};

/** Where views can be kept, and the files that hold them. */
const viewPlaces = {
  files: (folder) => ({
    open: () =>
      fileViews({ directory: folder, files: { ...nodeFiles, fdatasync: () => {}, fsync: () => {} } }),
    close: () => {},
    held: () => {
      const views = path.join(folder, "cache", "views");
      return existsSync(views) ? readdirSync(views).map((name) => path.join(views, name)) : [];
    },
  }),
  sqlite: (folder) => {
    const ledger = path.join(folder, "ledger.db");
    let views;
    return {
      open: () => (views ??= sqliteViews({ path: ledger })),
      close: () => {
        views?.close();
        views = undefined;
      },
      held: () => [`${ledger}-cache`, `${ledger}-cache-wal`].filter((name) => existsSync(name)),
    };
  },
};

/**
 * Views of the whole log on a disk: stale, of another log, of another version, half made, and their files disturbed, in any
 * combination. Whatever lies there, catching up answers what a rebuild from the first event does, and never an error.
 */
const viewsOnDisk = async (chance, scratch, place, rounds, pool) => {
  const [here, elsewhere] = [path.join(scratch, place, "here"), path.join(scratch, place, "elsewhere")];
  for (const folder of [here, elsewhere]) mkdirSync(folder, { recursive: true });
  const [own, other] = [viewPlaces[place](here), viewPlaces[place](elsewhere)];
  const over = (events, views, projection) =>
    projector({ store: storeOver(events), codec: missionCodec, projection, views });
  try {
    for (const projection of projections) await over(pool[0], other.open(), projection).catchUp();
    for (let round = 0; round < rounds; round += 1) {
      const ours = chance.pick(pool).slice(0, 2 + chance.below(30));
      const projection = chance.pick(projections);
      const { name, version } = projection;
      const kind = chance.pick(disturbances);
      const seen = {
        stale: ours.slice(0, 1 + chance.below(ours.length)),
        foreign: chance.pick(pool),
        fresh: ours,
      };
      if (kind in seen) await over(seen[kind], own.open(), projection).rebuild();
      if (kind === "newer" || kind === "older")
        await own.open().save(name, version + (kind === "newer" ? 1 : -1), {
          view: null,
          position: "9",
          events: 1,
          last: null,
        });
      if (chance.chance(25)) {
        const half = await over(
          ours.slice(0, 1 + chance.below(ours.length)),
          memoryViews(),
          projection,
        ).rebuild();
        await own.open().save(`${name} (underway)`, version, half);
      }
      own.close();
      other.close();
      for (const file of own.held()) if (chance.chance(40)) disturbFile(chance, file, other.held());
      const live = JSON.stringify(await over(ours, own.open(), projection).catchUp());
      const rebuilt = JSON.stringify(await over(ours, memoryViews(), projection).rebuild());
      if (live !== rebuilt) return `${place}, round ${round}, ${name} ${kind}: ${live}, rebuilt ${rebuilt}`;
      const again = JSON.stringify(await over(ours, own.open(), projection).catchUp());
      if (again !== rebuilt) return `${place}, round ${round}, ${name} ${kind}, once more: ${again}`;
    }
    return undefined;
  } catch (error) {
    return `${place}: ${error?.stack ?? error}`;
  } finally {
    own.close();
    other.close();
  }
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F20",
  name: "views",
  title: "remembered views lost, stale, torn, foreign or of another version",
  unit: "histories",
  perPush: 100_000,
  longRun: 10_000_000,
  run: async (options) => {
    const { seed, scratch } = options;
    const rounds = 300;
    const torn = await onDisk(seeded(seed, 1_000_000_007), scratch, rounds);
    const chanceOnDisk = seeded(seed, 1_000_000_009);
    const histories = Array.from({ length: 12 }, (_, index) => historyOf(seeded(seed ^ 0xd15c, index)));
    const onDisks = [];
    for (const place of Object.keys(viewPlaces))
      onDisks.push(await viewsOnDisk(chanceOnDisk, scratch, place, rounds, histories));
    let pool = [];
    const ran = await runCases(options, (chance, index) => {
      // Fresh histories all along; each is cut and remembered in many ways.
      if (index % 25 === 0) pool = [...pool.slice(-63), historyOf(seeded(seed ^ 0x5eed, index))];
      const events = pool.at(-1);
      return chance.chance(75) ? bySnapshot(chance, events, pool) : byProjector(chance, events, pool);
    });
    return {
      ...ran,
      failures: [
        ...ran.failures,
        ...[torn, ...onDisks].flatMap((what) =>
          what === undefined ? [] : [`seed ${seed} on disk: ${what}`],
        ),
      ],
      figures: {
        ...ran.figures,
        madeAnew: Math.ceil(ran.figures.cases / 25),
        disturbedFiles: rounds,
        disturbedViewStores: onDisks.length * rounds,
      },
    };
  },
};
