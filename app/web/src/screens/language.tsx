import { m, ofTheBrowser } from "../messages";
import { LANGUAGES, type Language } from "../messages/languages";
import { preferences, setPreferences } from "../state/app";
import { Select } from "../ui/field";

/** The language of the page; each is listed by its own name. */
export function LanguageSelect() {
  const { common } = m.value;
  const names = Object.entries(LANGUAGES) as [Language, string][];
  return (
    <Select<Language | "system"> label={common.language} hideLabel value={preferences.value.language}
      options={[{ value: "system", label: common.systemLanguage(LANGUAGES[ofTheBrowser()]) }, ...names.map(([value, label]) => ({ value, label }))]}
      onChange={(language) => setPreferences({ language })} />
  );
}
