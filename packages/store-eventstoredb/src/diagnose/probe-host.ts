/** Looks at one host without the client: whether somebody listens, and what language they speak. Sends no account and no request. */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ServerHost } from "../address/address.ts";
import type { Timers } from "../timers.ts";
import type { CheckCode } from "./findings.ts";

export interface ProbeOptions {
  readonly host: ServerHost;
  readonly hasTls: boolean;
  readonly authorities?: Buffer;
  readonly clientCertificate?: { readonly certificate: Buffer; readonly key: Buffer };
  readonly deadlineMs: number;
  readonly timers: Timers;
}

export interface Probed {
  readonly network: "ok" | Extract<CheckCode, "name_unknown" | "nothing_listens" | "unreachable">;
  /** Absent where nobody could be reached. */
  readonly tls?:
    | "ok"
    | Extract<
        CheckCode,
        | "no_answer"
        | "server_speaks_tls"
        | "server_speaks_plain"
        | "ca_unknown"
        | "certificate_wrong_name"
        | "certificate_expired"
        | "tls_refused"
        | "not_eventstoredb"
      >;
  /** The code under which Node or TLS knows it. */
  readonly reason?: string;
}

export const probeHost = async (options: ProbeOptions): Promise<Probed> => {
  const reached = await attempt(options, (socket, done) => {
    socket.once("connect", () => done("connected"));
  });
  if (reached !== "connected") return { network: networkCode(reached), reason: reached };
  const wanted = options.hasTls ? await speakTls(options) : await speakPlain(options);
  if (wanted === "spoken") return { network: "ok", tls: "ok" };
  if (wanted === silent) return { network: "ok", tls: "no_answer" };
  const certificate = options.hasTls ? certificateCode(wanted) : undefined;
  if (certificate !== undefined) return { network: "ok", tls: certificate, reason: wanted };
  // Only the other language shows whether it is the language that is wrong.
  const other = options.hasTls ? await speakPlain(options) : await speakTls(options, { trustsAnybody: true });
  if (other === "spoken")
    return { network: "ok", tls: options.hasTls ? "server_speaks_plain" : "server_speaks_tls" };
  return { network: "ok", tls: options.hasTls ? "tls_refused" : "not_eventstoredb", reason: wanted };
};

const silent = "silent";

/** Waits for what `listen` hears, an error's code, or the deadline; the socket is gone afterwards. */
const attempt = (
  { host: { host, port }, deadlineMs, timers }: ProbeOptions,
  listen: (socket: Socket, done: (heard: string) => void) => void,
): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (heard: string): void => {
      stop();
      socket.destroy();
      resolve(heard);
    };
    const stop = timers.after(deadlineMs, () => done(silent));
    socket.on("error", (error: NodeJS.ErrnoException) => done(codeOf(error)));
    socket.once("close", () => done("closed"));
    listen(socket, done);
  });

const speakTls = (options: ProbeOptions, { trustsAnybody } = { trustsAnybody: false }): Promise<string> =>
  attempt(options, (socket, done) => {
    const { host, authorities, clientCertificate } = options;
    const secured = connectTls({
      socket,
      host: host.host,
      ...(isIP(host.host) === 0 ? { servername: host.host } : {}),
      ALPNProtocols: ["h2"],
      // Only to hear whether it is TLS: nothing is sent.
      rejectUnauthorized: !trustsAnybody,
      ...(authorities === undefined ? {} : { ca: authorities }),
      ...(clientCertificate === undefined
        ? {}
        : { cert: clientCertificate.certificate, key: clientCertificate.key }),
    });
    secured.once("secureConnect", () => done("spoken"));
    secured.on("error", (error: NodeJS.ErrnoException) => done(codeOf(error)));
  });

/** The first words of HTTP/2 and its empty SETTINGS frame. Source: RFC 9113, sections 3.4 and 6.5. */
const greeting = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

const speakPlain = (options: ProbeOptions): Promise<string> =>
  attempt(options, (socket, done) => {
    socket.write(greeting);
    let heard = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      heard = Buffer.concat([heard, bytes]);
      // A server's first frame is its SETTINGS: type 4 on stream 0.
      if (heard.length >= 9) done(heard[3] === 4 && heard.readUInt32BE(5) === 0 ? "spoken" : "other words");
    });
  });

const codeOf = ({ code, message }: NodeJS.ErrnoException): string => code ?? message.slice(0, 80);

const networkCode = (reason: string): Exclude<Probed["network"], "ok"> => {
  if (reason === "ENOTFOUND" || reason === "EAI_AGAIN") return "name_unknown";
  return reason === "ECONNREFUSED" ? "nothing_listens" : "unreachable";
};

/** Source: the names that Node gives to what OpenSSL thinks of a certificate. */
const certificateCode = (
  reason: string,
): Extract<CheckCode, "ca_unknown" | "certificate_wrong_name" | "certificate_expired"> | undefined => {
  if (reason === "ERR_TLS_CERT_ALTNAME_INVALID") return "certificate_wrong_name";
  if (reason === "CERT_HAS_EXPIRED" || reason === "CERT_NOT_YET_VALID") return "certificate_expired";
  return /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_UNTRUSTED|INVALID_CA)/.test(reason)
    ? "ca_unknown"
    : undefined;
};
