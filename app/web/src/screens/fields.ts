// The lines of cards and identities, in the order in which they are shown and edited.
import type { Card, Identity } from "../core/types";

interface Line<K> {
  key: K;
  label: string;
  hidden?: boolean;
  type?: "text" | "email" | "tel";
  numeric?: boolean;
  lines?: boolean; // may have several
}

export const CARD_FIELDS: Line<keyof Card>[] = [
  { key: "holder", label: "Name on the card" },
  { key: "number", label: "Card number", hidden: true, numeric: true },
  { key: "code", label: "Security code", hidden: true, numeric: true },
  { key: "brand", label: "Brand" },
];

export const CARD_EXPIRY: Line<keyof Card>[] = [
  { key: "expiry_month", label: "Expiry month (1 to 12)", numeric: true },
  { key: "expiry_year", label: "Expiry year (four digits)", numeric: true },
];

export const IDENTITY_FIELDS: Line<keyof Identity>[] = [
  { key: "title", label: "Form of address" },
  { key: "first_name", label: "First name" },
  { key: "middle_name", label: "Middle name" },
  { key: "last_name", label: "Last name" },
  { key: "company", label: "Company" },
  { key: "email", label: "Email", type: "email" },
  { key: "phone", label: "Phone", type: "tel" },
  { key: "address", label: "Street and number", lines: true },
  { key: "postal_code", label: "Postal code" },
  { key: "city", label: "City" },
  { key: "state", label: "State or region" },
  { key: "country", label: "Country" },
  { key: "ssn", label: "Social security number", hidden: true },
  { key: "passport", label: "Passport number", hidden: true },
  { key: "license", label: "Licence number", hidden: true },
];
