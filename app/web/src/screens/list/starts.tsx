// First steps in an empty vault.
import { href } from "../../state/route";
import { texts } from "../../texts";
import { Icon } from "../../ui/icon";

const STARTS = [
  ["import", "import"],
  ["new", "plus"],
  ["settings", "shield"],
  ["generator", "generate"],
] as const;

export function Starts() {
  const text = texts.value.shell;
  return (
    <div class="starts">
      <h2>{text.startTitle}</h2>
      <ul>
        {STARTS.map(([to, icon]) => (
          <li key={to}>
            <a href={href(to)}>
              <Icon name={icon} />
              <span>
                <b>{text.starts[to].title}</b>
                <span>{text.starts[to].hint}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
