// The operators of the search.
import { texts } from "../../texts";
import { Dialog } from "../../ui/dialog";
import { VALUES } from "./search-box";

export function SearchHelp({ onClose }: { onClose: () => void }) {
  const { searchHelp: text } = texts.value;
  const rows: [string, string][] = [
    ['"two words"', text.phrase],
    ["-word", text.without],
    ['tag:work tag:"two words"', text.tag],
    ["type:card", `${text.type}: ${VALUES.type!.join(", ")}`],
    ["has:totp", `${text.has}: ${VALUES.has!.join(", ")}`],
    ["is:weak", `${text.is}: ${VALUES.is!.join(", ")}`],
    ["title: username: url:", text.field],
    ["-tag:work -has:totp", text.not],
  ];
  return (
    <Dialog title={text.title} onClose={onClose}>
      <dl class="dialog-body search-help">
        {rows.map(([what, means]) => (
          <div key={what}>
            <dt>
              <code dir="ltr">{what}</code>
            </dt>
            <dd>{means}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
