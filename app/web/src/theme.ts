// Runs before the first paint, so that a page in the other theme never flashes up, and asks for the texts of the chosen
// language while the page itself is on its way.

import { applyTheme, readPreferences } from "./state/preferences";
import { resolved, textsURL } from "./texts/languages";

const { language, theme } = readPreferences();
applyTheme(theme);
const texts = document.createElement("link");
texts.rel = "modulepreload";
texts.href = textsURL(resolved(language));
document.head.append(texts);
