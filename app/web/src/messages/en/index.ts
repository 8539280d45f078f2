// English: the source of all messages. Its shape is what every other language has to fill.
import { access } from "./access";
import { account } from "./account";
import { common } from "./common";
import { vault } from "./vault";

export const en = { ...common, ...access, ...vault, ...account };

export type Messages = typeof en;
