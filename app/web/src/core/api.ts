// One function for each method of the worker protocol.
import { call, callForFile } from "./host";
import type {
  ExportResult, Formats, ImportChoice, ImportPreview, ImportReport, ReadOptions, TablePreview,
} from "./transfer-types";
import type {
  AccountInfo, Edited, Generated, HealthReport, Invitation, Item, ListParams, ListResult, OneTimeCode, PassphraseRules, PasswordRules, Progress, Resumed,
  SessionInfo, Strength, SyncResult, TOTPEnrolment, Version, Waiting,
} from "./types";

const method = <P extends object, R>(name: string) => (params: P): Promise<R> => call<R>(name, params);
const bare = <R>(name: string) => (): Promise<R> => call<R>(name, {});
type Nothing = Record<string, never>;
export type Tell = (p: Progress) => void;
const progressOf = (onProgress?: Tell) => (json: string) => onProgress?.(JSON.parse(json) as Progress);
const told = <P extends object, R>(name: string) => (params: P, tell?: Tell): Promise<R> =>
  call<R>(name, params, { onProgress: progressOf(tell) });

// signing in and out
export const resume = bare<Resumed>("resume");
export const prepareRegistration = method<{ password: string }, { words: string[] }>("prepare_registration");
/** Refused as `register` would be for want of an invitation or for the name, which may be empty. */
export const checkRegistration = method<{ username: string; invitation: Invitation | null }, Nothing>("check_registration");
export const register = method<{ username: string; device: string; invitation: Invitation | null }, { username: string }>("register");
export const cancelRegistration = bare<Nothing>("cancel_registration");
export const login =
  method<{ username: string; password: string; totp_code: string; device: string }, { username: string }>("login");
export const unlock = method<{ password: string; device: string }, { username: string; offline: boolean }>("unlock");
export const lock = bare<Nothing>("lock");
/** Refused with the code "unsent_changes" if changes that wait on this device would be lost; force loses them. */
export const logout = method<{ force: boolean }, Nothing>("logout");
/** Whether this device keeps a sealed copy of the vault. Turning it off is refused as `logout` is. */
export const keepCopy = method<{ on: boolean; force: boolean }, Nothing>("keep_copy");
export const recover =
  method<{ username: string; phrase: string; password: string; remove_totp: boolean; device: string },
    { username: string }>("recover");
export const checkPhrase = method<{ phrase: string }, { ok: boolean; word: number }>("check_phrase");

// the vault
export const sync = bare<SyncResult>("sync");
/** Looks into the entries that are new, so that list finds their notes and fields too. */
export const index = (tell: Tell) => told<Nothing, Nothing>("index")({}, tell);
export const waiting = bare<Waiting>("waiting");
export const list = method<ListParams, ListResult>("list");
export const get = method<{ id: string }, Item>("get");
export const history = method<{ id: string }, { versions: Version[] }>("history");
/** Puts an older password back in force. */
export const restoreVersion = method<{ id: string; version: number }, Item>("restore_version");
export const save = method<{ item: Item }, Item>("save");
/** Seals an item that is being written, for this device to keep while the vault is locked. */
export const sealDraft = method<{ item: Item }, { token: string }>("seal_draft");
export const openDraft = method<{ token: string }, Item>("open_draft");
/** The code of an item's TOTP, or of a text that is being typed. */
export const code = method<{ id: string } | { totp: string }, OneTimeCode>("code");
/** Takes the next code of an item whose codes go by a counter, and keeps the counter. */
export const nextCode = method<{ id: string }, OneTimeCode>("next_code");
export const remove = method<{ ids: string[] }, Nothing>("delete");
export const addMany = (items: Item[], onProgress: Tell): Promise<{ added: number }> =>
  call("add_many", { items }, { onProgress: progressOf(onProgress) });

// many at once, and the trash
export const trash = told<{ ids: string[]; keep_days: number }, Edited>("trash"); // 0 days: until the trash is emptied
export const restore = told<{ ids: string[] }, Edited>("restore");
export const tag = told<{ ids: string[]; tag: string; remove?: boolean }, Edited>("tag");
export const mark = told<{ ids: string[]; favourite: boolean }, Edited>("mark");
export const emptyTrash = told<Nothing, Nothing>("empty_trash");
/** Deletes what was in the trash for its time. */
export const purgeTrash = bare<{ purged: number }>("purge_trash");
export const duplicate = method<{ id: string; title: string }, Item>("duplicate");

/** Attaches a file to an item and returns the item. */
export const attach = (
  to: { id: string; name: string }, file: File, onProgress: Tell, signal: AbortSignal,
): Promise<Item> => call("attach", to, { file, onProgress: progressOf(onProgress), signal });
/** The content of an attachment of the item `id`. */
export const attachment = async (
  of: { id: string; attachment: string }, onProgress: Tell, signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> => {
  const { file } = await callForFile("attachment", of, { onProgress: progressOf(onProgress), signal });
  return file ?? new Uint8Array();
};
export const removeAttachment = method<{ id: string; attachment: string }, Item>("remove_attachment");

// import and export
export const formats = bare<Formats>("formats");
/** The first rows of a CSV of any kind, so that its columns can be chosen. They may hold secrets. */
export const importColumns = (file: File): Promise<TablePreview> => call("import_columns", { name: file.name }, { file });
/** Reads a file and compares it with the vault. The plan waits in the core for importRun. */
export const importPreview = (file: File, options: ReadOptions = {}, onProgress?: (p: Progress) => void): Promise<ImportPreview> =>
  call("import_preview", { ...options, name: file.name }, { file, onProgress: progressOf(onProgress) });
/** Brings in what importPreview showed. Ending it by the signal leaves what was added, and the report says what that is. */
export const importRun = (
  choice: ImportChoice, onProgress?: (p: Progress) => void, signal?: AbortSignal,
): Promise<ImportReport> => call("import_run", choice, { onProgress: progressOf(onProgress), signal });
export const importForget = bare<Nothing>("import_forget");
/** Opens the vault and writes it in a format. Progress counts the attachments, which are downloaded for a format with files. */
export const exportVault = async (
  params: { format: string; password?: string; trash: boolean; files: boolean }, onProgress?: (p: Progress) => void, signal?: AbortSignal,
): Promise<ExportResult> => {
  const options = { onProgress: progressOf(onProgress), signal };
  const { result, file } = await callForFile<Omit<ExportResult, "file">>("export", params, options);
  return { ...result, file: file ?? new Uint8Array() };
};

// the account
export const account = bare<AccountInfo>("account");
export const changePassword = method<{ current: string; next: string }, Nothing>("change_password");
/** Refused as a wrong password unless it is the master password. */
export const checkPassword = method<{ password: string }, Nothing>("check_password");
export const newRecoveryPhrase = method<{ password: string }, { words: string[] }>("new_recovery_phrase");
export const totpBegin = method<{ password: string }, TOTPEnrolment>("totp_begin");
export const totpConfirm = method<{ enrolment: string; code: string }, Nothing>("totp_confirm");
export const totpRemove = method<{ password: string }, Nothing>("totp_remove");
export const sessions = bare<{ sessions: SessionInfo[] }>("sessions");
export const endSession = method<{ id: string; password: string }, Nothing>("end_session");
export const endOtherSessions = method<{ password: string }, Nothing>("end_other_sessions");
export const deleteAccount = method<{ password: string; force: boolean }, Nothing>("delete_account");

// the health of the passwords
const counted = <R>(name: string) => (onProgress?: (p: Progress) => void): Promise<R> =>
  call(name, {}, { onProgress: progressOf(onProgress) });
export const health = counted<HealthReport>("health");
/** Looks passwords up at breachAddress, which learns the first five digits of their hashes; health then counts them in. */
export const breaches = counted<Nothing>("breaches");
/** Where breaches would ask; empty: the server has turned it off. */
export const breachAddress = bare<{ address: string }>("breach_address");

// making and judging secrets
export const generatePassword = method<PasswordRules, Generated>("generate_password");
export const generatePassphrase = method<PassphraseRules, Generated>("generate_passphrase");
/** Draws a QR code: its rows, in which "1" is dark. */
export const drawQR = method<{ text: string }, { rows: string[] }>("draw_qr");
/** Reads the QR code in a picture that was dropped or pasted. */
export const scanQR = (picture: Blob): Promise<{ text: string }> => call("scan_qr", {}, { file: picture });
export const strength = method<{ password: string; inputs: string[] }, Strength>("strength");
