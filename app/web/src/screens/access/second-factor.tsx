import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { restart } from "../../core/host";
import { href } from "../../state/route";
import { texts } from "../../texts";
import { Button, Heading, Working } from "../../ui/controls";
import { Problem, type Task } from "../../ui/task";
import { Frame } from "./frame";

/** Six digits in one input: pasting, autofill and screen readers work as usual. */
export function CodeField({ value, onInput, label }: { value: string; onInput: (digits: string) => void; label: string }) {
  const ref = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => ref.current?.focus(), []);
  return (
    <div class="field">
      <label for="code">{label}</label>
      <input
        ref={ref}
        id="code"
        class="code-input"
        type="text"
        inputMode="numeric"
        autocomplete="one-time-code"
        maxLength={7}
        value={value}
        spellcheck={false}
        onInput={(e) => {
          const digits = e.currentTarget.value.replace(/\D/g, "").slice(0, 6);
          e.currentTarget.value = digits;
          onInput(digits);
        }}
      />
    </div>
  );
}

export function SecondFactor({
  task,
  wait,
  onCode,
  onBack,
}: {
  task: Task;
  wait: number;
  onCode: (code: string) => void;
  onBack: () => void;
}) {
  const { common, secondFactor: text } = texts.value;
  const [code, setCode] = useState("");
  useEffect(() => {
    if (task.error) setCode(""); // a code works only once
  }, [task.error]);
  return (
    <Frame>
      <Heading title={text.title} focus={false}>
        {text.title}
      </Heading>
      <p class="lead">{text.lead}</p>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          if (code.length === 6 && !wait) onCode(code);
        }}
      >
        <CodeField
          label={text.label}
          value={code}
          onInput={(digits) => {
            setCode(digits);
            if (digits.length === 6 && !wait) onCode(digits);
          }}
        />
        <Problem error={task.error} wait={wait} />
        {task.busy ? (
          <Working onCancel={restart}>{text.checking}</Working>
        ) : (
          <Button type="submit" kind="primary" wide disabled={code.length < 6 || wait > 0}>
            {text.submit}
          </Button>
        )}
      </form>
      <nav class="panel-links" aria-label={common.otherWays}>
        <a href={href("recover")}>{text.lost}</a>
        <button type="button" class="link" onClick={onBack}>
          {text.back}
        </button>
      </nav>
    </Frame>
  );
}
