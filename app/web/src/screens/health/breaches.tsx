// Looks passwords up in known breaches. Nothing is sent before the user asks for it.

import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { Progress } from "../../core/protocol.gen";
import { texts } from "../../texts";
import { Button } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { Meter } from "../../ui/meter";
import { Problem, useTask } from "../../ui/task";
import { hostOf } from "../../ui/url";

export function Breaches({ unchecked, onChecked }: { unchecked: number; onChecked: () => void }) {
  const text = texts.value.health;
  const [address, setAddress] = useState<string | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const task = useTask();
  useEffect(() => {
    api.breachAddress().then(
      (found) => setAddress(found.address),
      () => setAddress(""),
    );
  }, []);
  if (address === null) return null;
  if (!address) return <p class="muted">{text.breachesOff}</p>;
  const check = () =>
    task.run(async () => {
      try {
        await api.breaches(setProgress);
      } finally {
        setProgress(null);
        onChecked(); // passwords that were looked up before a failure count
      }
    });
  return (
    <section class="card breaches" aria-label={text.breaches}>
      <span class="finding-icon">
        <Icon name="search" />
      </span>
      <div class="breaches-text">
        <h2>{text.breaches}</h2>
        <p>{text.breachesHint({ host: hostOf(address) })}</p>
        <Problem error={task.error} />
        {task.busy && <Meter label={text.checking} progress={progress} />}
        {!task.busy && unchecked > 0 && (
          <Button icon="search" onClick={check}>
            {text.check({ count: unchecked })}
          </Button>
        )}
        {!task.busy && unchecked === 0 && (
          <p class="good">
            <Icon name="check" />
            {text.allChecked}
          </p>
        )}
      </div>
    </section>
  );
}
