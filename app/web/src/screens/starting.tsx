import { loaded } from "../state/app";
import { boot } from "../state/session";
import { Button, Heading } from "../ui/controls";
import { Icon } from "../ui/icon";
import { Frame } from "./frame";

const text = {
  loading: "Loading the vault’s core…",
  starting: "Starting…",
  title: "The vault could not be started",
  offline: "The server cannot be reached. Check the connection; nothing in your vault has changed.",
  outdated: "This browser may be too old for VaultSphere, or a part of the page did not arrive. Reload it once; if that does not help, use a current browser.",
  again: "Try again",
  details: "What happened",
};

/** A form in outline while the core arrives, with the real share of what has arrived. */
export function Starting() {
  const share = loaded.value;
  return (
    <Frame>
      <div class="skeleton" aria-hidden="true">
        <span class="bone bone-title" /><span class="bone bone-label" /><span class="bone bone-input" />
        <span class="bone bone-label" /><span class="bone bone-input" /><span class="bone bone-button" />
      </div>
      <div class="loading" role="status">
        <progress value={share} max={1} aria-label={text.loading} />
        <p>{share < 1 ? text.loading : text.starting}</p>
      </div>
    </Frame>
  );
}

export function Broken({ code, message }: { code: string; message: string }) {
  return (
    <Frame>
      <Heading title={text.title}>{text.title}</Heading>
      <p class="lead">{code === "offline" ? text.offline : text.outdated}</p>
      {code !== "offline" && (
        <details class="details"><summary><Icon name="chevron" />{text.details}</summary><p class="mono">{message}</p></details>
      )}
      <Button kind="primary" icon="refresh" wide onClick={() => void boot()}>{text.again}</Button>
    </Frame>
  );
}
