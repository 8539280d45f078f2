// Copies one field of an item that is not open.
import * as api from "../core/api.gen";
import { asCoreError } from "../core/error";
import { texts } from "../texts";
import { toast } from "./app";
import { handled } from "./app-errors";
import { copyPlain, copySecret } from "./clipboard";
import { asksFor } from "./reprompt";
import { summaryOf } from "./vault";

export type Copied = "password" | "username" | "code";

async function read(id: string, what: Copied): Promise<string | undefined> {
  if (what === "username") return summaryOf(id)?.username; // not a secret: the list shows it
  if (what === "password") return (await api.get({ id })).password;
  try {
    const { code, period } = await api.code({ id });
    return period > 0 ? code : (await api.nextCode({ id })).code;
  } catch (e) {
    if (asCoreError(e).code === "bad_input") return undefined; // the item has no key
    throw e;
  }
}

export async function copyField(id: string, what: Copied) {
  const { common, oneTimeCode, list, palette: text } = texts.value;
  try {
    const value = await read(id, what);
    if (!value) toast({ password: list.noPassword, username: text.noUsername, code: text.noCode }[what]);
    else if (what === "username") await copyPlain(value, common.username);
    else await copySecret(value, what === "code" ? oneTimeCode.code : common.password);
  } catch (e) {
    if (!asksFor(id, e, () => void copyField(id, what)) && !handled(e)) toast(list.notOpened, "problem");
  }
}
