// For administrators: who may use the server.
import { useEffect } from "preact/hooks";
import { texts } from "../../texts";
import { Button, Heading } from "../../ui/controls";
import { Problem } from "../../ui/task";
import { open, problem, read, reading } from "./directory";
import { Invitations } from "./invitations";
import { Users } from "./users";

export function AdminPage() {
  const { admin: text, common } = texts.value;
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
    </div>
  );
}
