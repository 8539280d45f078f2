import { laterTexts } from "../../texts";
import { Dialog } from "../../ui/dialog";
import { Events } from "../events/events";

export function SecurityLog({ onClose }: { onClose: () => void }) {
  const text = laterTexts.value.events;
  return (
    <Dialog title={text.securityLog} onClose={onClose} wide>
      <div class="dialog-body event-dialog">
        <p class="muted">{text.accountLead}</p>
        <Events account />
      </div>
    </Dialog>
  );
}
