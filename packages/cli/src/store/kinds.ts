/** Every kind of store that an address may name. */
import { fileKind } from "./file.ts";
import { sqliteKind } from "./sqlite.ts";
import type { StoreKind, StoreName } from "./store-kind.ts";

export const storeKinds: Readonly<Record<StoreName, StoreKind>> = { file: fileKind, sqlite: sqliteKind };
