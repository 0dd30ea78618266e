/** The positive control: whatever the trace is meant to find is here, each by another way of loading. */
import "node:dgram";
import "@mission-ledger/core/schemas";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
// biome-ignore lint/style/useNodejsImportProtocol: this way of loading has to be found too
require("tls");
createRequire(require.resolve("@mission-ledger/store-file/package.json"))("fs-native-extensions");
await import("node:dns");
