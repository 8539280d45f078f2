// Runs before the first paint, so that a page in the other theme never flashes up, and asks for the texts of the chosen
// language while the page itself is on its way.
import { messagesURL, resolved } from "./messages/languages";
import { applyTheme, readPreferences } from "./state/preferences";

const { language, theme } = readPreferences();
applyTheme(theme);
const texts = document.createElement("link");
texts.rel = "modulepreload";
texts.href = messagesURL(resolved(language));
document.head.append(texts);
