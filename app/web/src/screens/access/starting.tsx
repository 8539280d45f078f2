import type { ErrorCode } from "../../core/protocol.gen";
import { loaded } from "../../state/app";
import { boot } from "../../state/session";
import { texts } from "../../texts";
import { Button, Heading } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { CopyList } from "./copy-list";
import { Frame } from "./frame";

/** The outline of a form while the core is loading, with the share that is loaded. */
export function Starting() {
  const text = texts.value.starting;
  const share = loaded.value;
  return (
    <Frame>
      <div class="skeleton" aria-hidden="true">
        <span class="bone bone-title" />
        <span class="bone bone-label" />
        <span class="bone bone-input" />
        <span class="bone bone-label" />
        <span class="bone bone-input" />
        <span class="bone bone-button" />
      </div>
      <div class="loading" role="status">
        <progress value={share} max={1} aria-label={text.loading} />
        <p>{share < 1 ? text.loading : text.starting}</p>
      </div>
    </Frame>
  );
}

export function Broken({ code }: { code: ErrorCode }) {
  const { common, starting: text } = texts.value;
  if (code === "insecure") {
    return (
      <Frame>
        <span class="alarm-icon">
          <Icon name="danger" />
        </span>
        <Heading title={text.insecureTitle}>{text.insecureTitle}</Heading>
        <p class="lead">{text.insecure}</p>
      </Frame>
    );
  }
  const why = new Map<ErrorCode, string>([
    ["offline", text.offline],
    ["intercepted", texts.value.problem.intercepted],
  ]);
  return (
    <Frame>
      <Heading title={text.title}>{text.title}</Heading>
      <p class="lead">{why.get(code) ?? text.outdated}</p>
      <Button kind="primary" icon="refresh" wide onClick={() => void boot()}>
        {common.tryAgain}
      </Button>
      <CopyList />
    </Frame>
  );
}
