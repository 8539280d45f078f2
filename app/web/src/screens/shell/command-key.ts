// The key that commands begin with, as this system names it.
import { texts } from "../../texts";

export const ofApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
export const commandKey = () => (ofApple ? "⌘" : texts.value.shortcuts.keys.ctrl);
