// The lines of cards and identities, in the order in which they are shown and edited. Their labels are the messages
// `card` and `identity` under the same keys.
import type { Card, Identity } from "../core/types";

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
