/** What tests of deciders, projections and stores are made of. */
export {
  type CommitsOptions,
  commandIds,
  commits,
  encodedEvents,
  jsonNumbers,
  jsonObjects,
  jsonValues,
  texts,
} from "./arbitraries.ts";
export { type BrokenCache, brokenSnapshotStores, brokenViewStores } from "./broken/broken-caches.ts";
export type { BrokenStore } from "./broken/broken-store.ts";
export { brokenStores } from "./broken/broken-stores.ts";
export { type CancelSource, cancelSource } from "./cancel-source.ts";
export {
  type BelievedCase,
  type BelievedOptions,
  type BelievedWorld,
  believedCases,
  believedSnapshotConformance,
} from "./conformance/believed-snapshots.ts";
export {
  type CacheCase,
  type CacheConformanceOptions,
  type CacheContext,
  type CacheNeed,
  type CacheSetup,
  type OpenedCache,
  runCacheCase,
} from "./conformance/cache-harness.ts";
export { ConformanceFailure } from "./conformance/failure.ts";
export {
  type CaseContext,
  type CaseNeed,
  isWanted,
  type OpenedStore,
  runStoreCase,
  type StoreCase,
  type StoreSetup,
} from "./conformance/harness.ts";
export { snapshotStoreCases, snapshotStoreConformance } from "./conformance/snapshot-store-cases.ts";
export { type ConformanceOptions, storeCases, storeConformance } from "./conformance/store-conformance.ts";
export { viewStoreCases, viewStoreConformance } from "./conformance/view-store-cases.ts";
export {
  additions,
  type Counter,
  type CounterCommand,
  type CounterEvent,
  type CounterRefusal,
  counter,
  counterCodec,
  counterLimit,
} from "./counter.ts";
export { differences } from "./difference.ts";
export type { BrokenDisk } from "./disk/broken-disk.ts";
export { brokenDisks } from "./disk/broken-disks.ts";
export { type Breach, type CrashCheck, crashChecks, judgeStore } from "./disk/crash-checks.ts";
export { atCall, crashLives } from "./disk/crash-lives.ts";
export { type CrashState, type CrashStates, crashStates } from "./disk/crash-states.ts";
export type { CallFault, DiskCall, DiskProcess, Intercept, ProcessOptions } from "./disk/disk-calls.ts";
export { type DrawCrashesOptions, type DrawReport, drawCrashes } from "./disk/draw-crashes.ts";
export { errnoError, ProcessDied } from "./disk/errno.ts";
export {
  type CrashFailure,
  type CrashReport,
  type ExploreCrashesOptions,
  exploreCrashes,
  type Glance,
  type Life,
} from "./disk/explore-crashes.ts";
export {
  type CallName,
  linuxOpenFlags,
  type OpenFlags,
  type SimulatedFiles,
  type SimulatedStatus,
} from "./disk/file-port.ts";
export { type CrashCommand, crashStream, type FaultSeen, History, type HistoryView } from "./disk/history.ts";
export {
  type DiskSnapshot,
  type SimulatedDisk,
  type SimulatedDiskOptions,
  simulatedDisk,
} from "./disk/simulated-disk.ts";
export { FailpointHit, type Failpoints, failpoints } from "./failpoints.ts";
export { type DeciderLawOptions, deciderLaws } from "./laws/decider-laws.ts";
export { type Law, law } from "./laws/law.ts";
export { type ProjectionLawOptions, projectionLaws } from "./laws/projection-laws.ts";
export { memorySnapshotSets } from "./memory-sets.ts";
export { type MissionCommandsOptions, missionCommands, missionEvents } from "./mission-arbitraries.ts";
export { type Given, type Scenario, ScenarioFailure, scenario, type When } from "./scenario.ts";
export { seededRandomness } from "./seeded-randomness.ts";
export { type VirtualClock, virtualClock } from "./virtual-clock.ts";
export {
  allEvents,
  commitOn,
  expectedAfter,
  type NoteOptions,
  noteStream,
  put,
  putMany,
  tryPut,
} from "./writing.ts";
