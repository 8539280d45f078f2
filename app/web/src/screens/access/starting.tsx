import type { ErrorCode } from "../../core/protocol.gen";
import { boot } from "../../state/session";
import { texts } from "../../texts";
import { Button, CoreProgress, Heading } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { CopyList } from "./copy-list";
import { reason } from "./core-problem";
import { Frame } from "./frame";

/** The outline of a form until it is known which one, with the share of the core that is loaded. */
export function Starting() {
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
      <CoreProgress />
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
  return (
    <Frame>
      <Heading title={text.title}>{text.title}</Heading>
      <p class="lead">{reason(code)}</p>
      <Button kind="primary" icon="refresh" wide onClick={() => void boot()}>
        {common.tryAgain}
      </Button>
      <CopyList />
    </Frame>
  );
}
