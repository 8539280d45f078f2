// Numbers and plurals as a language writes them, for the files of messages.
import type { Language } from "./languages";

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** The user's own variant of a language, such as en-GB, where the browser names one: it decides how dates look. */
export const localeOf = (language: Language): string =>
  navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

export function formatsOf(language: Language) {
  const locale = localeOf(language);
  const numbers = new Intl.NumberFormat(locale);
  const rules = new Intl.PluralRules(locale);
  const number = (n: number) => numbers.format(n);
  return {
    number,
    /** The form that goes with `n`, its "#" replaced by the number, and its "@" by a name, which may have a "#" in it. */
    plural: (n: number, forms: Forms, name = "") =>
      (forms[rules.select(n)] ?? forms.other).replace("#", number(n)).replace("@", () => name),
  };
}
