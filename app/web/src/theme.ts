// Runs before the first paint, so that a page in the other theme never flashes up.
import { applyTheme, readPreferences } from "./state/preferences";

applyTheme(readPreferences().theme);
