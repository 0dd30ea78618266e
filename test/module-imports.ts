/** Which modules a source text imports. Reads our own formatted TypeScript, whose compiler has no JavaScript API. */

export interface ModuleImport {
  readonly specifier: string;
  /** The compiler removes it: only types come through. */
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

/** A text without its comments, with strings kept. */
export const withoutComments = (text: string): string =>
  text.replace(tokens, (token) => (token.startsWith("/*") || token.startsWith("//") ? " " : token));

/** A text without comments and with every string emptied, so that words in it are words of the program. */
export const onlyCode = (text: string): string =>
  text.replace(tokens, (token) =>
    token.startsWith("/*") || token.startsWith("//") ? " " : token.startsWith("/") ? token : '""',
  );

/** Comments, strings, templates (their expressions go with them) and regular expressions after an operator. */
const tokens =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|(?<=[=(,:[!&|?{};\n]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])*\/[a-z]*/g;

const fromClause = /^[ \t]*(import|export)\s+(type\s+)?(?:[\w*\s{},$]*?)\s*from\s*["']([^"']+)["']/gm;
const bare = /^[ \t]*import\s*["']([^"']+)["']/gm;
const call = /\b(?:import|require|require\.resolve)\s*\(\s*["']([^"']+)["']/g;
const typeQuery = /\btypeof\s+import\s*\(\s*["']([^"']+)["']\s*\)/g;

export const moduleImports = (text: string): readonly ModuleImport[] => {
  const code = withoutComments(text);
  const queries = [...code.matchAll(typeQuery)].map((match) => match[1] as string);
  const calls = [...code.replace(typeQuery, " ").matchAll(call)].map((match) => match[1] as string);
  return [
    ...[...code.matchAll(fromClause)].map((match) => ({
      specifier: match[3] as string,
      typeOnly: match[2] !== undefined,
      dynamic: false,
    })),
    ...[...code.matchAll(bare)].map((match) => ({
      specifier: match[1] as string,
      typeOnly: false,
      dynamic: false,
    })),
    ...calls.map((specifier) => ({ specifier, typeOnly: false, dynamic: true })),
    ...queries.map((specifier) => ({ specifier, typeOnly: true, dynamic: false })),
  ];
};

/** `@scope/name/sub/path` is of the package `@scope/name`; relative paths and `node:` are themselves. */
export const packageOf = (specifier: string): string => {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return specifier;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
};
