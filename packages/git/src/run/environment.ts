/** What git sees of an environment. Everything else could change what it answers, or make it run a program. */

/** Where the repository, the user's configuration and the programs are. */
const forReading: readonly string[] = [
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_CEILING_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_NOSYSTEM",
  "GIT_CONFIG_SYSTEM",
  "GIT_DIR",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_WORK_TREE",
  "HOME",
  "PATH",
  "SystemRoot",
  "USERPROFILE",
  "XDG_CONFIG_HOME",
];

/** How a person reaches servers. */
const forTransport: readonly string[] = [
  "ALL_PROXY",
  "GIT_SSH",
  "GIT_SSH_COMMAND",
  "GIT_SSL_CAINFO",
  "HTTPS_PROXY",
  "NO_PROXY",
  "SSH_AUTH_SOCK",
  "SSL_CERT_FILE",
  "all_proxy",
  "http_proxy",
  "https_proxy",
  "no_proxy",
];

/** What a run may do besides reading the repository. */
export type Reach = "repository" | "remote";

/**
 * Locks that can be done without are not taken, so that nobody's `git commit` fails because of a look at the repository, and
 * objects are what their ids say, whatever replaces them locally. No transport is there to begin with: a partial clone
 * fetches missing objects by itself, over whatever its configuration names.
 */
export const gitEnvironment = (
  env: Readonly<Record<string, string | undefined>>,
  reach: Reach,
): Readonly<Record<string, string>> => {
  const names = reach === "remote" ? [...forReading, ...forTransport] : forReading;
  const taken = names.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(taken),
    GIT_ALLOW_PROTOCOL: reach === "remote" ? "file:git:http:https:ssh" : "none",
    // An empty program asks nobody; without this one, git would go on to the next it knows.
    GIT_ASKPASS: "",
    GIT_NO_LAZY_FETCH: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
};
