// The worker protocol's parameters and results, as app/cmd/vaultsphere-wasm speaks it.

/** What an invitation link says behind "#join/". */
export interface Invitation {
  id: string;
  secret: string;
}

export type ItemType = "login" | "note" | "card" | "identity" | "ssh_key";

export interface Summary {
  id: string;
  type: ItemType;
  title: string;
  username?: string;
  url?: string; // the first address
  tags?: string[];
  favourite?: boolean;
  modified?: string;
  trashed?: string; // absent: it is not in the trash
  purge?: string; // when the trash gives it up; absent: never
  pending?: boolean; // a change of it waits for the server
  unreadable?: boolean; // everything but the id is empty then
}

/** What a newer version wrote and this one does not understand, as JSON. It goes back as it came. */
export type Unknown = string;

export type FieldKind = "hidden" | "boolean" | "link"; // absent: text

export interface Field {
  name: string;
  value: string; // of a boolean: "true" or "false"
  kind?: FieldKind;
  unknown?: Unknown;
}

/** Which pages an address stands for; absent: those of the same registrable domain. A newer version's begins with "{". */
export type MatchRule = "host" | "starts" | "exact" | "regexp" | "never";

export interface SSHKey {
  fingerprint?: string;
  private?: string;
  public?: string;
  unknown?: Unknown;
}

export interface OldPassword {
  password: string;
  until?: string;
  unknown?: Unknown;
}

export interface Attachment {
  id: string;
  name: string;
  sha256: string;
  size: number;
  unknown?: Unknown;
}

export interface Card {
  brand?: string;
  code?: string;
  expiry_month?: string;
  expiry_year?: string;
  holder?: string;
  number?: string;
  unknown?: Unknown;
}

export interface Identity {
  title?: string;
  first_name?: string;
  middle_name?: string;
  last_name?: string;
  company?: string;
  email?: string;
  phone?: string;
  address?: string;
  postal_code?: string;
  city?: string;
  state?: string;
  country?: string;
  ssn?: string;
  passport?: string;
  license?: string;
  unknown?: Unknown;
}

export interface Item {
  id: string; // empty: not saved yet
  base?: string; // the stored version it was read from; save merges against it
  type: ItemType;
  title: string;
  urls?: string[];
  match?: Record<string, MatchRule>; // by address
  username?: string;
  tags?: string[];
  favourite?: boolean;
  created?: string;
  modified?: string;
  trashed?: string; // absent: it is not in the trash
  purge?: string; // when the trash gives it up; absent: never
  password?: string;
  totp?: string;
  notes?: string;
  fields?: Field[];
  card?: Card;
  identity?: Identity;
  ssh_key?: SSHKey;
  password_history?: OldPassword[]; // what other managers kept; the newest first
  attachments?: Attachment[];
  unknown_overview?: Unknown;
  unknown_details?: Unknown;
}

/** An older password of an entry; the core leaves out versions that changed something else. */
export interface Version {
  version: number; // below zero: kept by another manager
  modified?: string; // when it was saved; absent: not known
  until?: string; // when another took its place; absent: not known
  password: string;
}

export interface OneTimeCode {
  code: string;
  issuer?: string;
  account?: string;
  seconds_left: number;
  period: number; // seconds; 0: by a counter, each code once
}

export interface Unreadable {
  id: string;
  message: string;
}

export interface Refused {
  id: string;
  title: string;
  message: string; // the server's
}

/** What the server does not have yet. */
export interface Waiting {
  pending: number; // changes, refused ones among them
  refused: Refused[];
}

export interface SyncResult extends Waiting {
  revision: number;
  changed: boolean;
  count: number; // without the trash
  trashed: number; // in the trash
  unreadable?: Unreadable[];
  kept: string[]; // entries that were deleted here and stay, because another device changed them
  copy_problem: string; // why this device holds no copy for the time without a server
}

export type Sort = "changed" | "created"; // the newest first

export interface ListParams {
  query: string;
  type?: ItemType;
  tag?: string;
  favourite?: boolean;
  trash?: boolean; // what is in the trash, and nothing else
  sort?: Sort; // of what the words fit equally well; absent: by title
  offset?: number;
  limit?: number; // absent: all
}

export interface ListResult {
  total: number; // before offset and limit
  complete: boolean; // false: index has not looked into all entries yet
  items: Summary[];
}

export type Resumed =
  | { state: "signed_out" }
  | { state: "locked"; username: string }
  | { state: "unlocked"; username: string };

export interface AccountInfo {
  username: string;
  totp_enabled: boolean;
  revision: number;
  count: number;
  offline: boolean; // it is what this device keeps of the account
  kdf: { memory_kib: number; time: number; threads: number };
}

export interface TOTPEnrolment {
  uri: string;
  secret: string;
  enrolment: string;
}

export interface SessionInfo {
  id: string;
  device: string;
  created: string;
  last_seen: string;
  current: boolean;
}

export interface PasswordRules {
  length: number;
  lower: boolean;
  upper: boolean;
  digits: boolean;
  symbols: boolean;
  avoid_ambiguous: boolean;
  min_lower?: number;
  min_upper?: number;
  min_digits: number;
  min_symbols: number;
  symbol_set?: string; // what counts as a symbol; absent: the usual ones
}

export interface PassphraseRules {
  words: number;
  separator: string;
  capitalize: boolean;
  number: boolean;
}

export interface Generated {
  value: string;
  entropy_bits: number;
}

export interface Strength {
  score: number; // 0 to 4, as zxcvbn grades
  guesses_log10: number;
  advice: string; // a code of app/strength; empty from score 3 on
}

/** What is wrong with the passwords of the vault. Entries are named by their ids; one may be in several lists. */
export interface HealthReport {
  score: number; // 0 to 100
  logins: number; // entries with a password
  sound: number; // of them in none of the lists, second_factor apart
  weak: string[];
  reused: string[][]; // groups, the largest first
  old: { id: string; since: string }[]; // the oldest first
  insecure: { id: string; url: string }[]; // plain HTTP
  second_factor: string[]; // sign in to a site without a one-time code
  breached: { id: string; times: number }[]; // the most often first
  unchecked: number; // passwords that breaches did not look up
}

export interface Edited {
  changed: string[]; // the ids of the entries that are different now
}

export interface Progress {
  done: number;
  total: number;
}
