// English: the source of all messages. Its shape is what every other language has to fill.
import { access } from "./access";
import { account } from "./account";
import { common } from "./common";
import { data } from "./data";
import { everyday } from "./everyday";
import { itemParts } from "./item";
import { vault } from "./vault";

export const messages = { ...common, ...access, ...vault, ...everyday, ...itemParts, ...data, ...account };

export type Messages = typeof messages;
