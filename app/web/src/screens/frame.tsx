// The frame of the screens before the vault is open.
import type { ComponentChildren } from "preact";
import { Icon, Mark } from "../ui/icon";

const text = {
  name: "VaultSphere",
  promise: "Encrypted on this device. The server cannot read it.",
};

export function Frame({ children, wide }: { children: ComponentChildren; wide?: boolean }) {
  return (
    <div class="frame">
      <header class="frame-brand"><Mark /><span>{text.name}</span></header>
      <main class={wide ? "panel panel-wide" : "panel"}>{children}</main>
      <footer class="frame-foot"><Icon name="shield" /><span>{text.promise}</span></footer>
    </div>
  );
}
