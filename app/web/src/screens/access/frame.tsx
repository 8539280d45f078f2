// The frame around the screens before the vault is open.
import type { ComponentChildren } from "preact";
import { NAME, texts } from "../../texts";
import { Icon, Mark } from "../../ui/icon";
import { LanguageSelect } from "../../ui/language-select";
import { NewVersion } from "../../ui/new-version";
import { CoreProblem } from "./core-problem";

export function Frame({ children, wide }: { children: ComponentChildren; wide?: boolean }) {
  const { frame: text, phrase } = texts.value;
  return (
    <div class="frame">
      <header class="frame-brand">
        <Mark />
        <span>
          {NAME}
          <span class="frame-server">
            {phrase.sheetSite}: <bdi>{location.host}</bdi>
          </span>
        </span>
      </header>
      <main class={wide ? "panel panel-wide" : "panel"}>
        <CoreProblem />
        {children}
      </main>
      <footer class="frame-foot">
        <div role="status">
          <NewVersion />
        </div>
        <p>
          <Icon name="shield" />
          {text.promise}
        </p>
        <LanguageSelect />
      </footer>
    </div>
  );
}
