import { outdated } from "../state/release";
import { guarded } from "../state/route";
import { texts } from "../texts";
import { Icon } from "./icon";

/** Offers to reload the page for a new build. Hidden while a form is open, which would lose its input. */
export function NewVersion({ unlocked }: { unlocked?: boolean }) {
  const text = texts.value.newVersion;
  if (!outdated.value || guarded.value) return null;
  return (
    <p class="banner banner-news">
      <Icon name="refresh" />
      <span>{unlocked ? text.readyLocks : text.ready}</span>
      <button type="button" class="link" onClick={() => location.reload()}>
        {text.reload}
      </button>
    </p>
  );
}
