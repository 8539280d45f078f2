// Runs before the first paint, so the wrong theme never flashes. Preloads the texts of the chosen language, and asks who is signed in:
// the first screen depends on it.

import { askUsername } from "./core/early";
import { applyTheme, readPreferences } from "./state/preferences";
import { resolved, textsURL } from "./texts/languages";

const { language, theme } = readPreferences();
applyTheme(theme);
const texts = document.createElement("link");
texts.rel = "modulepreload";
texts.href = textsURL(resolved(language));
document.head.append(texts);
globalThis.vaultsphereUsername = askUsername();
