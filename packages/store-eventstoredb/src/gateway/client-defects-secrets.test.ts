import { inspect } from "node:util";
import { makeCertificates } from "@mission-ledger/wire-server";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { GatewayFailure } from "../gateway-port.ts";
import { failureOf } from "../testing/failing.ts";
import { happened, opened } from "../testing/opened.ts";
import { scratchFile } from "../testing/scratch.ts";
import { acknowledged, members, refusal, type Script, scriptedServer } from "../testing/scripted-server.ts";
import { openGateway } from "./open-gateway.ts";

const tests = opened();
afterEach(() => tests.close());

const first = { stream: "s-1", expected: "no_stream", events: [happened] } as const;
const range = { stream: "s-1", from: "start", direction: "forwards", maxCount: 10 } as const;
const account = "ops%40home:p%3Aa%40s%25";
const password = "p:a@s%";
const basic = Buffer.from(`ops@home:${password}`).toString("base64");

const secured = async (script: Script): Promise<string> => {
  const tls = makeCertificates();
  const server = await scriptedServer(script, { tls });
  tests.later(server.stop);
  return `esdb://${account}@127.0.0.1:${server.port}?tlsCAFile=${encodeURIComponent(scratchFile("ca.pem", tls.ca))}`;
};

/** All that could be printed of a failure: message, stack, details and causes, also what is not enumerable. */
const printable = (failure: GatewayFailure): string =>
  inspect(failure, { depth: 20, showHidden: true }) + JSON.stringify(failure.details) + String(failure.stack);

describe("an account", () => {
  test("reaches the server whole over TLS, whatever stands in its name and password", async () => {
    const seen: unknown[] = [];
    const gateway = await tests.open({
      url: await secured({
        append: (answer, _requests, headers) => {
          seen.push(headers.get("authorization"));
          answer(null, acknowledged(0));
        },
        read: (call) => {
          seen.push(call.metadata.get("authorization"));
          call.end();
        },
      }),
    });
    await gateway.append(first);
    await gateway.readRange(range);
    expect(seen).toEqual([[`Basic ${basic}`], [`Basic ${basic}`]]);
  });

  test("is not sent where there is no TLS, and neither is the one that only chooses the path", async () => {
    const seen: unknown[] = [];
    const { server, gateway } = await tests.with({
      append: (answer, _requests, headers) => {
        seen.push(headers.get("authorization"));
        answer(null, acknowledged(0));
      },
    });
    const named = await tests.open({ url: server.url.replace("//", `//${account}@`) });
    await gateway.append(first);
    await named.append(first);
    expect(seen).toEqual([[], []]);
  });

  test("is not told to a node that is only asked who leads", async () => {
    const seen: unknown[] = [];
    const url = await secured({
      gossip: (answer, { metadata }) => {
        seen.push(metadata.get("authorization"));
        answer(null, members([1, 6, true]));
      },
    });
    const gateway = await tests.open({
      url: url.replace("esdb:", "esdb+discover:").concat("&maxDiscoverAttempts=1"),
    });
    expect(await failureOf(gateway.append(first))).toMatchObject({ kind: "unavailable" });
    expect(seen).toEqual([[]]);
  });

  test("is never part of a failure, even where the server sends it back", async () => {
    const text = `Wrong: ${password} ${encodeURIComponent(password)} Basic ${basic}`;
    const url = await secured({
      append: (answer) => answer(refusal(2, text)),
      read: (call) => call.emit("error", refusal(16, text, { exception: "access-denied", echo: "x" })),
    });
    const gateway = await tests.open({ url });
    for (const failure of [
      await failureOf(gateway.append(first)),
      await failureOf(gateway.readRange(range)),
    ]) {
      expect(failure.cause).toBeInstanceOf(Error);
      for (const secret of [password, encodeURIComponent(password), basic, account, url])
        expect(printable(failure)).not.toContain(secret);
    }
  });

  test("is not shown by a failure of the connection either", async () => {
    const gateway = await tests.open({ url: `esdb://${account}@127.0.0.1:1?tls=false` });
    const failure = await failureOf(gateway.append(first));
    expect(failure).toMatchObject({ kind: "unavailable", isDefinite: true });
    expect(printable(failure)).not.toMatch(/ops|p:a|p%3A/);
  });
});

describe("a failure", () => {
  test("shows no payload", async () => {
    const secret = "payload-in-clear";
    const event = { ...happened, data: { secret }, metadata: { secret } };
    const { gateway } = await tests.with({ append: (answer) => answer(refusal(2, "?")) });
    const refused = await failureOf(gateway.append({ ...first, events: [event] }));
    expect(printable(refused)).not.toContain(secret);
    const broken = { ...event, data: { secret, wrong: Number.NaN } };
    const unserialised = await failureOf(gateway.append({ ...first, events: [broken] }));
    expect(printable(unserialised)).not.toContain(secret);
  });
});

describe("opening a gateway", () => {
  test("prints nothing, whatever stands in the address", async () => {
    const printed = [vi.spyOn(console, "warn"), vi.spyOn(console, "log"), vi.spyOn(console, "error")];
    for (const settings of [
      "tslVerify=1",
      "keepAliveInterval=5",
      "tlsVerifyCert=false",
      "ledger=a&nodePreference=random",
    ])
      await openGateway({ url: `esdb://127.0.0.1:1?tls=false&${settings}` }).then(
        (gateway) => gateway.close(),
        () => {},
      );
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
  });

  test("says which file of the address cannot be read", async () => {
    const failure = await failureOf(openGateway({ url: "esdb://127.0.0.1:1?tlsCAFile=%2Fnowhere%2Fca.pem" }));
    expect(failure).toMatchObject({
      kind: "refused",
      details: { part: "tlsCAFile", file: "/nowhere/ca.pem" },
    });
  });
});
