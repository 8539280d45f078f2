// For administrators: who may use the server.
import { useEffect } from "preact/hooks";
import { laterTexts, texts } from "../../texts";
import { Button, Heading } from "../../ui/controls";
import { Problem } from "../../ui/task";
import { Events } from "../events/events";
import { open, problem, read, reading } from "./directory";
import { Invitations } from "./invitations";
import { Users } from "./users";

export function AdminPage() {
  const { admin: text, common } = texts.value;
  const { events } = laterTexts.value;
  useEffect(open, []);
  return (
    <div class="column admin">
      <Heading title={text.title}>{text.title}</Heading>
      <p class="lead">{text.lead}</p>
      {problem.value && (
        <>
          <Problem error={problem.value} />
          <p class="buttons">
            <Button icon="refresh" busy={reading.value} onClick={() => void read()}>
              {common.tryAgain}
            </Button>
          </p>
        </>
      )}
      <Invitations />
      <Users />
      <section class="settings-section">
        <h2>{events.title}</h2>
        <p class="muted">{events.lead}</p>
        <Events />
      </section>
    </div>
  );
}
