import type { Messages } from "../en";
import { access } from "./access";
import { account } from "./account";
import { common } from "./common";
import { data } from "./data";
import { everyday } from "./everyday";
import { itemParts } from "./item";
import { vault } from "./vault";

export const messages: Messages = { ...common, ...access, ...vault, ...everyday, ...itemParts, ...data, ...account };
