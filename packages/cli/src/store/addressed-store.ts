/** The store that an address names, of whichever kind. */
import { eventStoreDbAt } from "./eventstoredb.ts";
import { fileStoreAt } from "./file.ts";
import { sqliteStoreAt } from "./sqlite.ts";
import type { AddressedStore, StoreAddress, StoreName } from "./store-kind.ts";

export const storeAt = (address: StoreAddress): AddressedStore => {
  switch (address.store) {
    case "file":
      return fileStoreAt(address.path);
    case "sqlite":
      return sqliteStoreAt(address.path);
    case "eventstoredb":
      return eventStoreDbAt(address);
  }
};

/** As each kind is told to people. */
export const storeTitles: Readonly<Record<StoreName, string>> = {
  file: "file store",
  sqlite: "SQLite store",
  eventstoredb: "EventStoreDB",
};
