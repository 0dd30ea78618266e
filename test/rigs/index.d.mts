import type { Rig } from "./rig.d.mts";

export declare const rigs: Readonly<Record<string, () => Promise<{ readonly rig: Rig }>>>;
