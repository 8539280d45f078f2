// Dates as the language writes them.
import { locale } from "./index";

/** The day without the time. */
export const dayOf = (iso: string) => new Date(iso).toLocaleDateString(locale.value, { dateStyle: "medium" });

/** The day of a time that the server stores as the midnight before it, in UTC. */
export const dayInUTC = (iso: string) => new Date(iso).toLocaleDateString(locale.value, { dateStyle: "medium", timeZone: "UTC" });

export const when = (iso: string | undefined) => {
  if (!iso || iso.startsWith("0001-01-01T00:00:00")) return ""; // Go's zero time means unknown
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString(locale.value, { dateStyle: "medium", timeStyle: "short" });
};

/** 2026-11-25, for file names. */
export const today = () => new Date().toLocaleDateString("sv");
