// Sample items.

const SITES = [
  ["Northwind Bank", "northwindbank.example", "Finance"],
  ["Harbour Mail", "mail.harbour.example", "Personal"],
  ["Alder & Sons", "aldersons.example", "Shopping"],
  ["Cobalt Cloud", "console.cobalt.example", "Work"],
  ["Meridian Air", "meridianair.example", "Travel"],
  ["Quill Notes", "quill.example", "Work"],
  ["Juniper Energy", "juniper-energy.example", "Home"],
  ["Tessera Design", "tessera.example", "Work"],
  ["Brightwater Council", "brightwater.example", "Home"],
  ["Fennel Grocer", "fennel.example", "Shopping"],
  ["Lumen Library", "lumenlibrary.example", "Personal"],
  ["Kestrel Rail", "kestrelrail.example", "Travel"],
  ["Orchard Health", "orchardhealth.example", "Personal"],
  ["Pinecrest School", "pinecrest.example", "Home"],
  ["Vellum Press", "vellumpress.example", "Work"],
  ["Saffron Kitchen", "saffron.example", "Shopping"],
];

export const logins = (n) =>
  Array.from({ length: n }, (_, i) => {
    const [name, host, tag] = SITES[i % SITES.length];
    const round = Math.floor(i / SITES.length);
    return {
      id: "",
      type: "login",
      title: round ? `${name} ${round + 1}` : name,
      username: round ? `ada.${round + 1}@harbour.example` : "ada@harbour.example",
      password: `pass-${i}-${(i * 7919) % 1009}!`,
      urls: [`https://${host}/sign-in`],
      tags: [tag],
      favourite: i === 0 || i === 3,
    };
  });

export const others = [
  {
    id: "",
    type: "note",
    title: "Wi-Fi at the cabin",
    tags: ["Home"],
    notes: "Network: Larch-5G\nThe router is behind the books in the hall.",
    fields: [{ name: "Key", value: "bramble-otter-19", kind: "hidden" }],
  },
  {
    id: "",
    type: "card",
    title: "Northwind debit card",
    tags: ["Finance"],
    card: {
      holder: "Ada Fairweather",
      number: "4000 0012 3456 7899",
      code: "314",
      brand: "Visa",
      expiry_month: "9",
      expiry_year: "2029",
    },
  },
  {
    id: "",
    type: "identity",
    title: "Ada Fairweather",
    favourite: true,
    identity: {
      first_name: "Ada",
      last_name: "Fairweather",
      email: "ada@harbour.example",
      phone: "+44 20 7946 0018",
      address: "14 Larch Lane",
      postal_code: "BW4 2QT",
      city: "Brightwater",
      country: "United Kingdom",
      passport: "533380006",
    },
  },
];

export const rich = {
  id: "",
  type: "login",
  title: "Cobalt Cloud console",
  username: "ada.fairweather",
  password: "v7#Kq!m2Wx9$Lr4zT&p",
  urls: ["https://console.cobalt.example/", "https://status.cobalt.example/"],
  tags: ["Work", "Infrastructure"],
  favourite: true,
  totp: "JBSWY3DPEHPK3PXP",
  notes: "Second account for on-call.\nAsk Ravi before rotating the key.",
  fields: [
    { name: "Account number", value: "8841-2207-19" },
    { name: "API key", value: "cbl_live_2f9c7d1e", kind: "hidden" },
  ],
};

const listed = (username, last_seen, items, more) => ({
  username,
  user_id: username,
  created: "2026-02-03T00:00:00Z",
  last_seen: `${last_seen}T00:00:00Z`,
  administrator: false,
  suspended: false,
  totp_enabled: false,
  items,
  bytes: items * 2903,
  ...more,
});

/** The users of a server, as administrators see them. */
export const directory = [
  listed("ada", "2026-11-20", 244, { administrator: true, totp_enabled: true }),
  listed("bea", "2026-11-19", 61, { administrator: true }),
  listed("cleo@harbour.example", "2026-09-02", 1204, { totp_enabled: true, bytes: 48_300_000 }),
  listed("dev-team.maximilian-alexander.von-der-hohenfels-zu-langenburg@accounting.northwind-shipping.example", "2026-11-01", 7),
  listed("eve", "2026-06-30", 88, { suspended: true }),
  listed("grace", "2026-02-03", 0, { administrator: true, suspended: true }),
  listed("ליאת", "2026-11-18", 15, { totp_enabled: true }),
];
