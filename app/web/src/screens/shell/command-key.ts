// The name of the key for commands: Ctrl, or ⌘ on Apple devices.
import { texts } from "../../texts";

export const ofApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
export const commandKey = () => (ofApple ? "⌘" : texts.value.shortcuts.keys.ctrl);
