// Asks for the master password before a secret of an item is copied from the list or the palette.
import { answer, question } from "../../state/reprompt";
import { summaryOf } from "../../state/vault";
import { texts } from "../../texts";
import { AskPassword } from "../../ui/ask-password";
import { Dialog } from "../../ui/dialog";

export function RepromptDialog() {
  const { common, problem } = texts.value;
  const summary = question.value && summaryOf(question.value.id);
  if (!summary) return null;
  return (
    <Dialog title={summary.title} onClose={() => (question.value = null)}>
      <AskPassword lead={problem.reprompt} action={common.continue} onPassword={answer} />
    </Dialog>
  );
}
