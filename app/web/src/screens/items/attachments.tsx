// The attachments of an item, its uploads and downloads, and the control that adds files.
import { useRef, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { Attachment, Item } from "../../core/protocol.gen";
import { copyOpen, readOnly, toast } from "../../state/app";
import { notifyTabs } from "../../state/tabs";
import { attachFiles, downloadAttachment, type Transfer, transfers } from "../../state/transfers";
import { refresh } from "../../state/vault";
import { locale, texts } from "../../texts";
import { Button, IconButton } from "../../ui/controls";
import { Confirm } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { Problem, useTask } from "../../ui/task";

const UNITS = [
  ["byte", 1],
  ["kilobyte", 1e3],
  ["megabyte", 1e6],
] as const;

/** "3 kB" as the language writes it, in units of 1000 like a file manager. */
export function inBytes(n: number): string {
  const [unit, by] = UNITS.find((u) => n < u[1] * 1e3) ?? UNITS[2];
  return new Intl.NumberFormat(locale.value, {
    style: "unit",
    unit,
    unitDisplay: unit === "byte" ? "long" : "short",
    maximumFractionDigits: by === 1e6 ? 1 : 0,
  }).format(n / by);
}

function Moving({ transfer: { name, way, done, total, problem, end } }: { transfer: Transfer }) {
  const { attachments: text, common } = texts.value;
  const says = way === "up" ? text.uploading({ name }) : text.downloading({ name });
  return (
    <li class="file">
      <Icon name={way === "up" ? "upload" : "download"} />
      <div class="file-name">
        <bdi>{name}</bdi>
        {problem ? <Problem error={problem} /> : <progress aria-label={says} value={done} max={Math.max(total, 1)} />}
      </div>
      <IconButton icon="close" label={problem ? common.dismiss : text.cancel({ name })} onClick={end} />
    </li>
  );
}

/** The attachments in a copy, which does not contain the files. */
function Named({ file }: { file: Attachment }) {
  return (
    <li class="file">
      <Icon name="attach" />
      <div class="file-name">
        <bdi>{file.name}</bdi>
        <span class="muted">{inBytes(file.size)}</span>
      </div>
    </li>
  );
}

function NamesOnly({ files }: { files: Attachment[] }) {
  const { attachments: text, copies } = texts.value;
  if (files.length === 0) return null;
  return (
    <section class="attachments" aria-labelledby="attachments-title">
      <h3 id="attachments-title">{text.titleCount({ count: files.length })}</h3>
      <ul class="files">
        {files.map((f) => (
          <Named key={f.id} file={f} />
        ))}
      </ul>
      <p class="muted">{copies.noFiles}</p>
    </section>
  );
}

export const Attachments = ({ item }: { item: Item }) =>
  copyOpen.value ? <NamesOnly files={item.attachments ?? []} /> : <Changeable item={item} />;

function AttachedFile({ item, file, onRemove }: { item: Item; file: Attachment; onRemove: () => void }) {
  const text = texts.value.attachments;
  return (
    <li class="file">
      <Icon name="attach" />
      <div class="file-name">
        <bdi>{file.name}</bdi>
        <span class="muted">{inBytes(file.size)}</span>
      </div>
      <IconButton
        icon="download"
        label={text.download({ name: file.name })}
        onClick={() => void downloadAttachment(item.id, file)}
      />
      {!readOnly.value && <IconButton icon="trash" label={text.remove({ name: file.name })} onClick={onRemove} />}
    </li>
  );
}

function Changeable({ item }: { item: Item }) {
  const text = texts.value.attachments;
  const [removing, setRemoving] = useState<Attachment | null>(null);
  const [over, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const task = useTask();
  const moving = transfers.value.filter((t) => t.item === item.id);
  const files = item.attachments ?? [];

  const remove = ({ id, name }: Attachment) =>
    task.run(async () => {
      await api.removeAttachment({ id: item.id, attachment: id });
      setRemoving(null);
      await refresh();
      notifyTabs("changed");
      toast(text.removed({ name }));
    });
  const carriesFiles = (e: DragEvent) => !readOnly.value && !!e.dataTransfer?.types.includes("Files");

  return (
    <section
      class={over ? "attachments attachments-over" : "attachments"}
      aria-labelledby="attachments-title"
      onDragOver={(e) => {
        if (!carriesFiles(e)) return;
        e.preventDefault(); // otherwise the browser opens the file
        setOver(true);
      }}
      onDragLeave={(e) => {
        if (!e.currentTarget.contains(e.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(e) => {
        if (!carriesFiles(e)) return;
        e.preventDefault();
        setOver(false);
        void attachFiles(item.id, [...e.dataTransfer!.files]);
      }}
    >
      <h3 id="attachments-title">{files.length > 0 ? text.titleCount({ count: files.length }) : text.title}</h3>
      {files.length + moving.length > 0 && (
        <ul class="files">
          {files.map((f) => (
            <AttachedFile key={f.id} item={item} file={f} onRemove={() => setRemoving(f)} />
          ))}
          {moving.map((t) => (
            <Moving key={t.key} transfer={t} />
          ))}
        </ul>
      )}
      {!readOnly.value && (
        <div class="attachments-add">
          <Button icon="attach" onClick={() => chooser.current?.click()}>
            {text.add}
          </Button>
          <span class="muted">{text.hint}</span>
        </div>
      )}
      <input
        ref={chooser}
        type="file"
        multiple
        hidden
        onChange={(e) => {
          void attachFiles(item.id, [...(e.currentTarget.files ?? [])]);
          e.currentTarget.value = ""; // allows choosing the same file again
        }}
      />
      {removing && (
        <Confirm
          title={text.removeTitle({ name: removing.name })}
          action={text.removeAction}
          danger
          busy={task.busy}
          onConfirm={() => remove(removing)}
          onClose={() => setRemoving(null)}
        >
          <p>{text.removeBody}</p>
          <Problem error={task.error} />
        </Confirm>
      )}
    </section>
  );
}
