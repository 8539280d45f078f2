import type { ItemType } from "../../core/protocol.gen";
import { Icon } from "../../ui/icon";
import { initial, kindOf, tintOf } from "./item-type";

/** The square beside a title: the first letter for a login, else the icon of the type. */
export function Tile({
  type,
  title,
  unreadable,
  large,
}: {
  type: ItemType;
  title: string;
  unreadable?: boolean;
  large?: boolean;
}) {
  const tint = unreadable ? "problem" : String(tintOf(title));
  const kind = type === "login" ? undefined : kindOf(type).icon;
  const icon = unreadable ? "danger" : kind;
  return (
    <span class={large ? "tile tile-large" : "tile"} data-tint={tint} aria-hidden="true">
      {icon ? <Icon name={icon} /> : initial(title)}
    </span>
  );
}
