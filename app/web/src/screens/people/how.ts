import type { VerifiedPerson } from "../../core/protocol.gen";
import { laterTexts } from "../../texts";
import { dayOf } from "../../texts/dates";

/** How a person was verified. */
export function howVerified(person: VerifiedPerson, all: VerifiedPerson[]): string {
  const { how } = laterTexts.value.people;
  const date = dayOf(person.since);
  if (person.how === "compared") return how.compared({ date });
  if (person.how === "link") return how.link({ date });
  return how.introduced({ name: all.find((p) => p.user_id === person.by)?.username ?? "–" });
}
