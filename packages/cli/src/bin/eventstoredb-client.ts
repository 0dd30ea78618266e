/**
 * The way from the bundle to the client of EventStoreDB: some two hundred modules that take a tenth of a second to load one by
 * one, in one file beside the bundle.
 */
import process from "node:process";
import { cacheName, loadPart } from "./apart.ts";

const name = "mled-eventstoredb";

let loaded: ReturnType<typeof loadPart> | undefined;

/** The exports of one of the client's modules. `bundle` is the bundle's path. */
export const bundledClientModule = (bundle: string, module: string): unknown => {
  // Node says on stderr what the client does that it may not do for ever, such as TLS to an IP address.
  process.noDeprecation = true;
  loaded ??= loadPart(bundle, name);
  return (loaded.exports as Readonly<Record<string, unknown>>)[module];
};

/** For the build: V8's code cache of what this process compiled of the client, and the name of its file. */
export const bundledClientCache = (): { readonly name: string; readonly data: Buffer } | undefined =>
  loaded === undefined ? undefined : { name: cacheName(name), data: loaded.cache() };
