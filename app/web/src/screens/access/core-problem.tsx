// Why the core did not arrive, on a form that waits for it.
import type { ErrorCode } from "../../core/protocol.gen";
import { core } from "../../state/app";
import { startCore } from "../../state/session";
import { texts } from "../../texts";
import { Button } from "../../ui/controls";
import { Icon } from "../../ui/icon";

/** What to do about a core that could not be loaded. */
export function reason(code: ErrorCode): string {
  const { problem, starting: text } = texts.value;
  if (code === "offline") return text.offline;
  return code === "intercepted" ? problem.intercepted : text.outdated;
}

/** The form keeps what was typed. */
export function CoreProblem() {
  const { common, starting: text } = texts.value;
  const { problem } = core.value;
  if (!problem) return null;
  return (
    <div class="problem" role="alert">
      <Icon name="danger" />
      <div>
        <p>
          <b>{text.title}.</b> {reason(problem)}
        </p>
        <Button icon="refresh" onClick={() => void startCore()}>
          {common.tryAgain}
        </Button>
      </div>
    </div>
  );
}
