// The key that commands begin with, as this system names it.
import { m } from "../messages";

export const ofApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
export const commandKey = () => (ofApple ? "⌘" : m.value.shortcuts.keys.ctrl);
