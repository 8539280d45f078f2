// Texts of the parts of an item.
import { locale } from "../../texts";

/** Whether the text is a date such as 2031-04-30. */
export const isDay = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));

/** A date as the language writes it; any other text as it is. */
export const dayOrText = (text: string) =>
  isDay(text) ? new Date(text).toLocaleDateString(locale.value, { dateStyle: "long", timeZone: "UTC" }) : text;
