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
export type { BrokenStore } from "./broken/broken-store.ts";
export { brokenStores } from "./broken/broken-stores.ts";
export { type CancelSource, cancelSource } from "./cancel-source.ts";
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
export { type ConformanceOptions, storeCases, storeConformance } from "./conformance/store-conformance.ts";
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
export { FailpointHit, type Failpoints, failpoints } from "./failpoints.ts";
export { type DeciderLawOptions, deciderLaws } from "./laws/decider-laws.ts";
export { type Law, law } from "./laws/law.ts";
export { type ProjectionLawOptions, projectionLaws } from "./laws/projection-laws.ts";
export { type MissionCommandsOptions, missionCommands } from "./mission-arbitraries.ts";
export { type Given, type Scenario, ScenarioFailure, scenario, type When } from "./scenario.ts";
export { seededRandomness } from "./seeded-randomness.ts";
export { type VirtualClock, virtualClock } from "./virtual-clock.ts";
