import { preferences, setPreferences } from "../state/app";
import { texts } from "../texts";
import { LANGUAGES, type Language, ofTheBrowser } from "../texts/languages";
import { Select } from "./field";

/** Chooses the language of the page. Each is listed by its own name. */
export function LanguageSelect() {
  const { common } = texts.value;
  const names = Object.entries(LANGUAGES) as [Language, string][];
  const options = [
    { value: "system" as const, label: common.systemLanguage({ language: LANGUAGES[ofTheBrowser()] }) },
    ...names.map(([value, label]) => ({ value, label })),
  ];
  return (
    <Select<Language | "system">
      label={common.language}
      hideLabel
      value={preferences.value.language}
      options={options}
      onChange={(language) => setPreferences({ language })}
    />
  );
}
