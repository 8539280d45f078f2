// Exports the vault to a file: sealed, or for another password manager.

import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { ImportProblem, WriteFormat } from "../../core/protocol.gen";
import { copyOpen, phase, toast } from "../../state/app";
import { laterTexts, texts } from "../../texts";
import { today } from "../../texts/dates";
import { Button, Heading } from "../../ui/controls";
import { Confirm } from "../../ui/dialog";
import { Check, PasswordField, Select } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Meter } from "../../ui/meter";
import { saveFile } from "../../ui/save-file";
import { Problem, useTask } from "../../ui/task";
import { type Choice, NewPassword } from "../access/new-password";
import { Problems } from "../import/findings";

export function ExportPage() {
  const { common } = texts.value;
  const { export: text } = laterTexts.value;
  const [formats, setFormats] = useState<WriteFormat[] | null>(null);
  const [id, setId] = useState("");
  const [trash, setTrash] = useState(false);
  const [choice, setChoice] = useState<Choice>({ password: "", ready: false });
  const [master, setMaster] = useState("");
  const [confirming, setConfirming] = useState(false); // that the file is not encrypted
  const [problems, setProblems] = useState<ImportProblem[]>([]);
  const task = useTask();
  const username = phase.value.at === "unlocked" ? phase.value.username : "";
  const list = () =>
    task.run(async () => {
      const { write } = await api.formats();
      setFormats(write);
      setId(write[0]!.id);
    });
  useEffect(list, []);
  const format = formats?.find((f) => f.id === id);

  const ready = master !== "" && (!format?.sealed || choice.ready);

  const write = async () => {
    const { result, file } = await api.exportVault({
      format: id,
      trash,
      files: format!.files,
      ...(format!.sealed && { password: choice.password }),
    });
    setMaster("");
    setProblems(result.problems);
    saveFile(`vaultsphere-${today()}${format!.extension}`, file, "application/octet-stream");
    toast(text.done({ count: result.items }));
  };
  const start = () =>
    task.run(async () => {
      await api.checkPassword({ password: master });
      if (format!.sealed) await write();
      else setConfirming(true);
    });

  const holds = format?.files ? text.holds.all : text.holds.noFiles;
  return (
    <div class="column export">
      <Heading title={text.title}>{text.title}</Heading>
      <p class="lead">{text.lead}</p>
      <Problem error={task.error} />
      {!format && task.error && (
        <Button icon="refresh" onClick={list}>
          {common.tryAgain}
        </Button>
      )}
      {!format && !task.error && <Meter label={text.loading} progress={null} />}
      {format && (
        <form
          class="card stack"
          onSubmit={(e) => {
            e.preventDefault();
            if (ready) start();
          }}
        >
          <Select
            label={text.format}
            value={id}
            onChange={setId}
            options={formats!.map((f) => ({ value: f.id, label: f.sealed ? text.sealed({ name: f.name }) : f.name }))}
          />
          <p class="muted">{copyOpen.value ? texts.value.copies.noFiles : holds}</p>
          {format.sealed ? (
            <NewPassword username={username} onChoice={setChoice} labels={{ first: text.password, again: text.again }} />
          ) : (
            <p class="banner">
              <Icon name="danger" />
              <span>{text.open}</span>
            </p>
          )}
          <PasswordField
            label={common.masterPassword}
            hint={common.askMaster}
            value={master}
            onInput={setMaster}
            autocomplete="current-password"
            required
          />
          <Check label={text.trash} checked={trash} onChange={setTrash} />
          <Button type="submit" kind="primary" icon="download" busy={task.busy} disabled={!ready}>
            {text.write}
          </Button>
        </form>
      )}
      <Problems problems={problems} />
      {confirming && (
        <Confirm
          title={text.openTitle}
          action={text.writeOpen}
          danger
          onClose={() => setConfirming(false)}
          onConfirm={() => {
            setConfirming(false);
            task.run(write);
          }}
        >
          <p>{text.open}</p>
        </Confirm>
      )}
    </div>
  );
}
