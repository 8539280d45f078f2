// Runs before the first paint, so the wrong theme never flashes, and preloads the texts of the chosen language.

import { applyTheme, readPreferences } from "./state/preferences";
import { resolved, textsURL } from "./texts/languages";

const { language, theme } = readPreferences();
applyTheme(theme);
const texts = document.createElement("link");
texts.rel = "modulepreload";
texts.href = textsURL(resolved(language));
document.head.append(texts);
