import type { Lane, MissionRequest } from "@mission-ledger/core/mission";

export declare const requestOf: (workPackageId: string, step: number) => MissionRequest;
export declare const eventsOf: (step: number) => number;
export declare const laneAfter: (step: number) => Lane;
