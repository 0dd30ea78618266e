/** Values of views as people read them. */

const longest = 80;

/** One value in one line: nothing is `-`, a claim is its holder, a verdict its word, lists are joined. */
export const valueText = (value: unknown): string => {
  if (value === undefined || value === null || value === "") return "-";
  if (typeof value === "string") return shortened(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value))
    return value.length === 0 ? "-" : shortened(value.map((item) => itemText(item)).join(", "));
  return itemText(value);
};

const itemText = (item: unknown): string => {
  if (typeof item !== "object" || item === null) return String(item);
  const { holder, kind, fence, verdict, reviewer, ref, id, done } = item as Readonly<Record<string, unknown>>;
  if (typeof holder === "string") return `${holder} to ${String(kind)}, fence ${String(fence)}`;
  if (typeof verdict === "string" && typeof reviewer === "string") return `${verdict} by ${reviewer}`;
  if (typeof kind === "string" && typeof ref === "string") return `${kind}=${ref}`;
  if (typeof id === "string" && typeof done === "boolean") return `[${done ? "x" : " "}] ${id}`;
  return shortened(JSON.stringify(item));
};

const shortened = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);
