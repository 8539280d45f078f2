import { useRef, useState } from "preact/hooks";
import type { CoreError } from "../../core/error";
import type { Format } from "../../core/protocol.gen";
import { laterTexts } from "../../texts";
import { Button } from "../../ui/controls";
import { Select } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Problem } from "../../ui/task";

export function Choose({
  formats,
  problem,
  onFile,
}: {
  formats: Format[];
  problem: CoreError | null;
  onFile: (file: File, format: string) => void;
}) {
  const text = laterTexts.value.import;
  const [format, setFormat] = useState("");
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file) onFile(file, format);
  };
  return (
    <>
      <p class="lead">{text.lead}</p>
      <Problem error={problem} />
      <div
        class="card drop import-drop"
        data-over={over}
        onDragOver={(e) => {
          e.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(e) => {
          e.preventDefault();
          setOver(false);
          take(e.dataTransfer?.files);
        }}
      >
        <span class="empty-icon">
          <Icon name="import" />
        </span>
        <p>{text.drop}</p>
        <Button kind="primary" onClick={() => input.current?.click()}>
          {text.choose}
        </Button>
        <input
          ref={input}
          type="file"
          hidden
          aria-hidden="true"
          tabIndex={-1}
          onChange={(e) => {
            take(e.currentTarget.files);
            e.currentTarget.value = "";
          }}
        />
      </div>
      <Select
        label={text.format}
        value={format}
        onChange={setFormat}
        options={[{ value: "", label: text.found }, ...formats.map((f) => ({ value: f.id, label: f.name }))]}
      />
      <p class="muted">{text.after}</p>
    </>
  );
}
