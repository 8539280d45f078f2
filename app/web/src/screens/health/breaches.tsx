// Looks passwords up in known breaches. Nothing is sent before the user asks for it.

import { effect, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError, type CoreError } from "../../core/error";
import type { HealthReport, Progress } from "../../core/protocol.gen";
import { online, phase } from "../../state/app";
import { handled } from "../../state/app-errors";
import { laterTexts, texts } from "../../texts";
import { Button } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { Meter } from "../../ui/meter";
import { Problem, useTask } from "../../ui/task";
import { hostOf } from "../../ui/url";

/** The service that knows the breaches. Its address is empty if the operator turned the check off. */
export interface BreachService {
  looking: boolean;
  address?: string;
  problem?: CoreError;
  retry: () => void;
}

export function useBreachService(): BreachService {
  const [attempt, setAttempt] = useState(0);
  const [found, setFound] = useState<Omit<BreachService, "retry">>({ looking: true });
  useEffect(() => {
    api.breachAddress().then(
      ({ address }) => setFound({ looking: false, address }),
      (e: unknown) => !handled(e) && setFound({ looking: false, problem: asCoreError(e) }),
    );
  }, [attempt]);
  return { ...found, retry: () => setAttempt((n) => n + 1) };
}

const known = signal<string | undefined>(undefined); // until the vault is locked
effect(() => {
  if (phase.value.at !== "unlocked") known.value = undefined;
});

/** The address of the service; empty or undefined: there is none, or it is not known yet. */
export function useBreachAddress() {
  const reachable = online.value;
  useEffect(() => {
    if (known.peek() === undefined && reachable) api.breachAddress().then(({ address }) => (known.value = address), handled);
  }, [reachable]);
  return known.value;
}

export function Breaches({
  service,
  unchecked,
  onChecked,
}: {
  service: BreachService;
  unchecked: HealthReport["unchecked"];
  onChecked: () => void;
}) {
  const { common } = texts.value;
  const { health: text } = laterTexts.value;
  const [progress, setProgress] = useState<Progress | null>(null);
  const task = useTask();
  const check = () =>
    task.run(async () => {
      try {
        await api.breaches(setProgress);
      } finally {
        setProgress(null);
        onChecked(); // passwords that were looked up before a failure count
      }
    });
  if (!service.address) {
    return (
      <div class="breaches">
        <Problem error={service.problem ?? null} />
        <Button icon="refresh" onClick={service.retry}>
          {common.tryAgain}
        </Button>
      </div>
    );
  }
  return (
    <div class="breaches">
      {unchecked > 0 && <p>{text.breachesHint({ host: hostOf(service.address) })}</p>}
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
  );
}
