import type { Messages } from "../en";
import { access } from "./access";
import { account } from "./account";
import { common } from "./common";
import { vault } from "./vault";

export const de: Messages = { ...common, ...access, ...vault, ...account };
