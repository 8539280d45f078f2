// The lines of cards, identities and SSH keys, in the order in which they are shown and edited. Their labels are the
// messages `card`, `identity` and `sshKey` under the same keys.
import type { Card, Identity, SSHKey } from "../core/protocol.gen";

interface Line<K> {
  key: K;
  hidden?: boolean;
  type?: "text" | "email" | "tel";
  numeric?: boolean;
  lines?: boolean; // may have several
}

export const CARD_FIELDS: Line<keyof Card>[] = [
  { key: "holder" },
  { key: "number", hidden: true, numeric: true },
  { key: "code", hidden: true, numeric: true },
  { key: "brand" },
];

export const CARD_EXPIRY: Line<keyof Card>[] = [
  { key: "expiry_month", numeric: true },
  { key: "expiry_year", numeric: true },
];

export const IDENTITY_FIELDS: Line<keyof Identity>[] = [
  { key: "title" },
  { key: "first_name" },
  { key: "middle_name" },
  { key: "last_name" },
  { key: "company" },
  { key: "email", type: "email" },
  { key: "phone", type: "tel" },
  { key: "address", lines: true },
  { key: "postal_code" },
  { key: "city" },
  { key: "state" },
  { key: "country" },
  { key: "ssn", hidden: true },
  { key: "passport", hidden: true },
  { key: "license", hidden: true },
];

export const SSH_FIELDS: Line<keyof SSHKey>[] = [
  { key: "public", lines: true },
  { key: "private", hidden: true, lines: true },
  { key: "fingerprint" },
];
