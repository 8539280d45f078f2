// Import: choose a file, preview it, import it, read the report. The core reads and compares the file, and keeps the plan while the
// user decides.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError, type CoreError } from "../../core/error";
import type {
  ErrorCode,
  Format,
  ImportChoice,
  ImportPreview,
  ImportReport,
  Progress,
  ReadOptions,
  TablePreview,
} from "../../core/protocol.gen";
import { handled } from "../../state/app-errors";
import { notifyTabs } from "../../state/tabs";
import { refresh } from "../../state/vault";
import { laterTexts } from "../../texts";
import { Heading } from "../../ui/controls";
import { Meter } from "../../ui/meter";
import { Choose } from "./choose";
import { Columns } from "./columns";
import { FilePassword } from "./file-password";
import { Preview } from "./preview";
import { Report } from "./report";

type Stage =
  | { at: "choose" }
  | { at: "reading" }
  | { at: "password"; wrong: CoreError | null; keepass: boolean }
  | { at: "columns"; table: TablePreview }
  | { at: "preview"; preview: ImportPreview }
  | { at: "running"; total: number }
  | { at: "report"; report: ImportReport };

type How = Omit<ReadOptions, "name">;

/** The first bytes of a KeePass database. */
const KEEPASS = [0x03, 0xd9, 0xa2, 0x9a];

const WRONG_PASSWORD = new Set<ErrorCode>(["file_wrong_password", "file_wrong_password_or_key"]);
const UNKNOWN_COLUMNS = new Set<ErrorCode>(["file_no_header", "file_no_columns", "file_column_count"]);

async function isKeePass(file: File) {
  const head = new Uint8Array(await file.slice(0, KEEPASS.length).arrayBuffer());
  return KEEPASS.every((b, i) => head[i] === b);
}

export function ImportPage() {
  const text = laterTexts.value.import;
  const [formats, setFormats] = useState<Format[]>([]);
  const [stage, setStage] = useState<Stage>({ at: "choose" });
  const [problem, setProblem] = useState<CoreError | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const file = useRef<File | null>(null);
  const options = useRef<How>({});
  const stop = useRef<AbortController | null>(null);
  const here = useRef(true);
  useEffect(() => {
    // The file can be read without the list of formats. Any error shows then.
    api.formats().then(
      (f) => here.current && setFormats(f.read),
      () => undefined,
    );
    return () => {
      here.current = false;
      stop.current?.abort();
      void api.importForget().catch(() => undefined); // the vault is locked by now
    };
  }, []);

  const show = (next: Stage) => {
    if (!here.current) return;
    setProgress(null);
    setStage(next);
  };
  const refuse = (e: unknown, back: Stage) => {
    if (handled(e)) return;
    setProblem(asCoreError(e));
    show(back);
  };

  async function read(chosen: File, how: How) {
    file.current = chosen;
    options.current = how;
    setProblem(null);
    show({ at: "reading" });
    try {
      const preview = await api.importPreview({ ...how, name: chosen.name }, chosen, (p) => here.current && setProgress(p));
      show({ at: "preview", preview });
    } catch (e) {
      const refused = asCoreError(e);
      const { code } = refused;
      if (code === "file_password_needed" || WRONG_PASSWORD.has(code)) {
        show({ at: "password", wrong: WRONG_PASSWORD.has(code) ? refused : null, keepass: await isKeePass(chosen) });
      } else if (UNKNOWN_COLUMNS.has(code) || (code === "file_unknown_format" && /\.(csv|tsv|txt)$/i.test(chosen.name)))
        await chooseColumns(e);
      else refuse(e, { at: "choose" });
    }
  }

  /** True for an unknown table: the user can say what its columns are. */
  async function chooseColumns(why?: unknown) {
    try {
      show({ at: "columns", table: await api.importColumns({ name: file.current!.name }, file.current!) });
    } catch (e) {
      refuse(why ?? e, { at: "choose" });
    }
  }

  async function run(choice: ImportChoice, total: number) {
    stop.current = new AbortController();
    show({ at: "running", total });
    try {
      const report = await api.importRun(choice, (p) => here.current && setProgress(p), stop.current.signal);
      show({ at: "report", report });
    } catch (e) {
      refuse(e, { at: "choose" });
    } finally {
      stop.current = null;
      await refresh().catch(handled);
      notifyTabs("changed");
    }
  }

  const again = () => {
    void api.importForget().catch(handled);
    file.current = null;
    setProblem(null);
    show({ at: "choose" });
  };

  return (
    <div class="column import">
      <Heading title={text.title}>{text.title}</Heading>
      {stage.at === "choose" && (
        <Choose formats={formats} problem={problem} onFile={(f, format) => void read(f, format ? { format } : {})} />
      )}
      {stage.at === "reading" && <Meter label={text.reading} progress={progress} />}
      {stage.at === "password" && (
        <FilePassword
          file={file.current!}
          keepass={stage.keepass}
          wrong={stage.wrong}
          onCancel={again}
          onPassword={(secret) => void read(file.current!, { ...options.current, ...secret })}
        />
      )}
      {stage.at === "columns" && (
        <Columns
          table={stage.table}
          onCancel={again}
          onColumns={(columns, headerless) => void read(file.current!, { format: "csv", columns, headerless })}
        />
      )}
      {stage.at === "preview" && (
        <Preview
          preview={stage.preview}
          format={formats.find((f) => f.id === stage.preview.format)?.name ?? stage.preview.format}
          onCancel={again}
          onRun={(choice, total) => void run(choice, total)}
          onColumns={stage.preview.format === "csv" ? () => void chooseColumns() : undefined}
        />
      )}
      {stage.at === "running" && <Meter label={text.running} progress={progress} onCancel={() => stop.current?.abort()} />}
      {stage.at === "report" && <Report report={stage.report} onAgain={again} />}
    </div>
  );
}
