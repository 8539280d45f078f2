// Icons on a 24 by 24 grid, drawn with one stroke. They are decorative; controls have their own labels.

const paths = {
  all: "M4 6h16M4 12h16M4 18h16",
  attach: "M19.5 11.5l-7.6 7.6a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-7.9 7.9a1.5 1.5 0 0 1-2.2-2.2l7.2-7.2",
  back: "M15 5l-7 7 7 7",
  card: "M3.5 6.5a1.5 1.5 0 0 1 1.5-1.5h14a1.5 1.5 0 0 1 1.5 1.5v11a1.5 1.5 0 0 1-1.5 1.5H5a1.5 1.5 0 0 1-1.5-1.5zM3.5 10h17M7 15h4",
  check: "M5 12.5l4.5 4.5L19 7.5",
  chevron: "M8 10l4 4 4-4",
  clock: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 7.5V12l3 2.5",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10.5v11.5H9zM15 9V3.5H4.5V15H9",
  danger: "M12 3.5l9.5 16.5h-19zM12 10v4.5M12 17.2v.1",
  device: "M3.5 5h17v11h-17zM9 20h6M12 16v4",
  down: "M12 5v14M6.5 13.5L12 19l5.5-5.5",
  download: "M12 4v11M7.5 10.5L12 15l4.5-4.5M4.5 19.5h15",
  command:
    "M9 9h6v6H9zM9 9H6.7A2.7 2.7 0 1 1 9 6.7zM15 9V6.7A2.7 2.7 0 1 1 17.3 9zM15 15h2.3a2.7 2.7 0 1 1-2.3 2.3zM9 15v2.3A2.7 2.7 0 1 1 6.7 15z",
  duplicate: "M8.5 8.5h12v12h-12zM15.5 8.5v-5h-12v12h5M14.5 11.5v6M11.5 14.5h6",
  edit: "M4.5 19.5l1-4.5L16 4.5l3.5 3.5L9 18.5zM13.5 7l3.5 3.5",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6z",
  eyeOff:
    "M4 4l16 16M9.5 5.9A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-2.6 3.3M6 7.6A16 16 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4.3-1.1M10 10a2.8 2.8 0 0 0 4 4",
  filter: "M4 6.5h16M7 12h10M10 17.5h4",
  forward: "M9.5 5l7 7-7 7",
  // a die
  generate:
    "M7 4.5h10a2.5 2.5 0 0 1 2.5 2.5v10a2.5 2.5 0 0 1-2.5 2.5H7a2.5 2.5 0 0 1-2.5-2.5V7A2.5 2.5 0 0 1 7 4.5zM8.7 8.7h.1M15.3 8.7h.1M12 12h.1M8.7 15.3h.1M15.3 15.3h.1",
  identity: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20c.6-3.8 3.7-5.5 7.5-5.5s6.9 1.7 7.5 5.5",
  info: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 11v5.5M12 7.7v.1",
  key: "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12.5L19.5 4M16 7.5l2.5 2.5M13.5 10l2 2",
  keyboard: "M3 6.5h18v11H3zM6.5 10h.1M10 10h.1M13.5 10h.1M17 10h.1M8 14h8",
  lock: "M5.5 10.5h13v10h-13zM8.5 10.5V7.5a3.5 3.5 0 0 1 7 0v3M12 14.5v2.5",
  login: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM3.5 12h17M12 3.5c5 5 5 12 0 17M12 3.5c-5 5-5 12 0 17",
  logout: "M14 4.5H5v15h9M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5",
  minus: "M5 12h14",
  more: "M5.5 12h.1M12 12h.1M18.5 12h.1",
  note: "M6 3.5h8.5L19 8v12.5H6zM14 3.5V8.5h5M9 12.5h7M9 16h5",
  offline:
    "M4 4l16 16M2.5 9.5A15 15 0 0 1 7 6.6M10.5 5.6A15 15 0 0 1 21.5 9.5M6 13a10 10 0 0 1 4-2.2M14.5 11.2A10 10 0 0 1 18 13M9.5 16.5a4 4 0 0 1 5 0M12 19.5v.1",
  open: "M13.5 4.5h6v6M19.5 4.5L11 13M17 13.5v6H4.5V7h6",
  plus: "M12 5v14M5 12h14",
  print: "M7 8.5V3.5h10v5M7 17.5H4v-9h16v9h-3M7 14h10v6.5H7z",
  qr: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5M20 14v2.5M14 20h2.5M19 19h1v1M7 7h.1M17 7h.1M7 17h.1",
  refresh: "M19.5 5v5h-5M4.5 19v-5h5M5.5 9.5a7 7 0 0 1 12-2.5l2 3M18.5 14.5a7 7 0 0 1-12 2.5l-2-3",
  restore: "M4.5 5v5h5M5 10a7.8 7.8 0 1 1-.6 4.5M12 8.5V13l3 1.8",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5l5 5",
  settings:
    "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4zM9 14.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4z",
  shield: "M12 3.5l7.5 2.7v5.3c0 4.5-3 7.5-7.5 9-4.5-1.5-7.5-4.5-7.5-9V6.2zM8.8 12l2.3 2.3 4.1-4.3",
  sort: "M4 7h11M4 12h8M4 17h5M17.5 8v10M14.5 15l3 3 3-3",
  star: "M12 3.8l2.5 5.3 5.7.7-4.2 4 1.1 5.7L12 16.7 6.9 19.5 8 13.8l-4.2-4 5.7-.7z",
  import: "M12 3.5v11M7.5 10L12 14.5 16.5 10M4.5 14.5v6h15v-6",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  tag: "M4 4h7.5l8.5 8.5-7.5 7.5L4 11.5zM8.2 8.2v.1",
  terminal: "M3.5 5h17v14h-17zM7 9.5l3 2.5-3 2.5M12.5 15h4",
  trash: "M4.5 6.5h15M9 6.5V4h6v2.5M6.5 6.5l1 14h9l1-14M10 10.5v6M14 10.5v6",
  unknown: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM9.6 9.6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.9-1.2 1.7v.3M12 16.4v.1",
  up: "M12 19V5M6.5 10.5L12 5l5.5 5.5",
  upload: "M12 15V4M7.5 8.5L12 4l4.5 4.5M4.5 19.5h15",
  wait: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 7.5V12l3 2.2",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, filled }: { name: IconName; filled?: boolean }) {
  return (
    <svg class={filled ? "icon icon-filled" : "icon"} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

/** The logo: a sphere with a keyhole. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <circle class="mark-body" cx="16" cy="16" r="15" />
      <path
        class="mark-lines"
        d="M16 4.5c4.2 3.2 6.3 7 6.3 11.5S20.2 24.3 16 27.5M16 4.5c-4.2 3.2-6.3 7-6.3 11.5s2.1 8.3 6.3 11.5M4.5 16h23"
      />
      <circle class="mark-lock" cx="16" cy="16" r="6.2" />
      <path class="mark-hole" d="M16 12.7a2 2 0 0 1 1 3.75l.55 3.05h-3.1l.55-3.05a2 2 0 0 1 1-3.75z" />
    </svg>
  );
}
