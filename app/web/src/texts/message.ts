// Messages in a subset of ICU MessageFormat:
//   {name}                                        a value; numbers are formatted for the locale
//   {name, lowercase}                             the value in lower case
//   {count, plural, one {# item} other {# items}} the plural form for a number, with # as the number
// A form named "=0" applies to exactly that number.

/** Letters of scripts that are written from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Isolates a right-to-left value, so that the sentence around it keeps its order and punctuation (Unicode TR 9, FSI and PDI). */
const isolated = (value: string) => (RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value);

/** Removes the marks of isolated values from a text that is stored, not shown. */
export const withoutIsolation = (text: string) => text.replace(/[\u2068\u2069]/g, "");

type Values = Readonly<Record<string, string | number>>;

/** The texts of one language, as in its JSON files. */
export interface Catalog {
  readonly [key: string]: string | Catalog;
}

interface Placeholder {
  name: string;
  lowercase?: boolean;
  forms?: Map<string, Message>;
}

type Message = (string | Placeholder)[];

/** Parses a message. Throws an error if it is malformed. */
export function parse(source: string): Message {
  let at = 0;

  function match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at = pattern.lastIndex;
    return found;
  }

  function need(pattern: RegExp, what: string): RegExpExecArray {
    const found = match(pattern);
    if (!found) throw new Error(`${what} is expected at character ${at + 1} of "${source}"`);
    return found;
  }

  function message(counted?: string): Message {
    const parts: Message = [];
    for (;;) {
      const [text] = need(counted ? /[^{}#]*/y : /[^{}]*/y, "text");
      if (text) parts.push(text);
      if (source[at] === "{") parts.push(placeholder());
      else if (counted && match(/#/y)) parts.push({ name: counted });
      else return parts;
    }
  }

  function placeholder(): Placeholder {
    const [, name = "", kind] = need(/\{(\w+)(?:,\s*(lowercase|plural))?/y, "{name}, {name, lowercase} or {name, plural, …}");
    const value: Placeholder = { name, lowercase: kind === "lowercase" };
    if (kind === "plural") value.forms = forms(name);
    need(/\}/y, "}");
    return value;
  }

  function forms(counted: string): Map<string, Message> {
    const all = new Map<string, Message>();
    need(/,/y, "a comma");
    for (let form = match(/\s*(=?\w+)\s*\{/y); form; form = match(/\s*(=?\w+)\s*\{/y)) {
      all.set(form[1] ?? "", message(counted));
      need(/\}/y, "}");
    }
    return all;
  }

  const parsed = message();
  if (at < source.length) throw new Error(`the } at character ${at + 1} of "${source}" closes nothing`);
  return parsed;
}

/** Returns a function that fills values into messages, with the numbers and plural forms of the locale. */
function formatterFor(locale: string): (message: Message, values: Values) => string {
  const numbers = new Intl.NumberFormat(locale);
  const plurals = new Intl.PluralRules(locale);

  function fill({ name, lowercase, forms }: Placeholder, values: Values): string {
    const value = values[name] ?? "";
    if (forms) {
      const form = forms.get(`=${value}`) ?? forms.get(plurals.select(Number(value))) ?? forms.get("other");
      return format(form ?? [], values);
    }
    const text = typeof value === "number" ? numbers.format(value) : value;
    return isolated(lowercase ? text.toLocaleLowerCase(locale) : text);
  }

  const format = (message: Message, values: Values): string =>
    message.map((part) => (typeof part === "string" ? part : fill(part, values))).join("");
  return format;
}

/** The catalog with a function for each message that has values. */
export function compile(catalog: Catalog, locale: string): unknown {
  const format = formatterFor(locale);
  const compiled = (part: string | Catalog): unknown => {
    if (typeof part !== "string") return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, compiled(value)]));
    if (!part.includes("{")) return part;
    const message = parse(part);
    return (values: Values) => format(message, values);
  };
  return compiled(catalog);
}
