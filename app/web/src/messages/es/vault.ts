// The vault's own screens, in Spanish.
import type { vault as english } from "../en/vault";
import { formatsOf } from "../formats";

const { number, plural } = formatsOf("es");

export const vault: typeof english = {
  navigation: {
    vault: "Bóveda",
    generator: "Generador",
    settings: "Ajustes",
    lock: "Bloquear",
    lockTitle: "Bloquear (Alt+L)",
  },
  shell: {
    offline: (n: number) =>
      "No se puede conectar con el servidor. Se puede leer y cambiar todo." +
      (n === 0
        ? ""
        : plural(n, { one: " # cambio espera en este dispositivo.", other: " # cambios esperan en este dispositivo." })),
    offlineReading: "No se puede conectar con el servidor. Se puede leer todo; para hacer cambios hace falta el servidor.",
    waiting: (n: number) =>
      plural(n, { one: "# cambio espera a enviarse al servidor.", other: "# cambios esperan a enviarse al servidor." }),
    refused: (title: string, why: string) =>
      `El servidor no ha aceptado el cambio de «${title}». ${why} El cambio se queda en este dispositivo.`,
    look: "Mostrar la entrada",
    unreadable: (n: number) =>
      n === 1
        ? "No se ha podido abrir una entrada. Las demás están completas."
        : `No se han podido abrir ${number(n)} entradas. Las demás están completas.`,
    entry: "Entrada",
    nothing: "Nada seleccionado",
    nothingHint: "Elegir una entrada a la izquierda o pulsar / para buscar.",
    startTitle: "Un buen comienzo",
    starts: {
      import: {
        title: "Traiga sus contraseñas",
        hint: "De Bitwarden, 1Password, un navegador o cualquier otro: el archivo dice lo que es.",
      },
      new: {
        title: "Añadir una credencial de uso diario",
        hint: "Pegar la contraseña o dejar que VaultSphere genere una mejor.",
      },
      settings: { title: "Activar el segundo factor", hint: "Así la contraseña sola no basta para entrar." },
      generator: { title: "Probar el generador", hint: "Contraseñas y frases de contraseña, creadas en este dispositivo." },
    },
    draft: (title: string, at: string) =>
      title
        ? `Estabas escribiendo «${title}» cuando se bloqueó la bóveda (${at}).`
        : `Estabas escribiendo una entrada nueva cuando se bloqueó la bóveda (${at}).`,
    draftTake: "Continuar",
    unsaved: "¿Descartar los cambios?",
    unsavedBody: "Hay cambios sin guardar.",
    discard: "Descartar",
    keep: "Seguir editando",
  },
  list: {
    title: "Entradas",
    search: "Buscar en la bóveda",
    placeholder: "Buscar",
    clear: "Borrar la búsqueda",
    short: "Nueva",
    show: "Mostrar",
    all: "Todas",
    opening: "Abriendo la bóveda…",
    emptyTitle: "La bóveda está vacía",
    emptyBody: "Añadir la primera contraseña que no se deba perder.",
    noHits: (q: string) => `Nada coincide con «${q}»`,
    noHitsBody: "La búsqueda mira títulos, nombres de usuario, direcciones, etiquetas, notas y campos.",
    noneHere: "Aún no hay nada aquí",
    favouriteHint: "Marcar una entrada con la estrella para encontrarla aquí.",
    unreadable: "Entrada ilegible",
    cannotOpen: "No se puede abrir",
    noPassword: "Esta entrada no tiene contraseña.",
    notOpened: "No se ha podido abrir la entrada.",
    pending: "Un cambio espera al servidor",
    stays: (n: number) =>
      n === 1
        ? "Una entrada que se eliminó aquí se queda: otro dispositivo la ha cambiado."
        : `${number(n)} entradas que se eliminaron aquí se quedan: otro dispositivo las ha cambiado.`,
  },
  entry: {
    back: "Volver",
    opening: "Abriendo…",
    unreadable: "Esta entrada no se puede abrir",
    unreadableBody:
      "No lleva el sello de los dispositivos propios, así que no se muestra nada de ella. Las demás entradas no están afectadas.",
    gone: "Esta entrada no está en la bóveda",
    goneBody: "Es posible que otro dispositivo la haya eliminado.",
    failed: "No se ha podido abrir la entrada",
    saved: "Guardado",
    created: "Añadida a la bóveda",
  },
  entryView: {
    url: "Dirección",
    field: "Campo",
    expiry: "Caduca",
    edit: "Editar",
    remove: "Eliminar",
    open: (host: string) => `Abrir ${host} en una pestaña nueva`,
    copyUrl: (host: string) => `Copiar la dirección ${host}`,
    unsafe: "No es una dirección web; no se puede abrir desde aquí.",
    changed: (date: string) => `Modificada: ${date}`,
    created: (date: string) => `Añadida: ${date}`,
    nothing: "Esta entrada solo tiene título por ahora.",
    starNotSaved: "No se ha podido guardar la estrella.",
  },
  attachments: {
    title: "Archivos adjuntos",
    add: "Adjuntar archivos",
    hint: "También se pueden arrastrar aquí. Hasta 10 MB cada uno.",
    download: (name: string) => `Descargar ${name}`,
    remove: (name: string) => `Quitar ${name}`,
    cancel: (name: string) => `Cancelar ${name}`,
    uploading: (name: string) => `Subiendo ${name}`,
    downloading: (name: string) => `Descargando ${name}`,
    attached: (name: string) => `${name} adjuntado`,
    removed: (name: string) => `${name} quitado`,
    removeTitle: (name: string) => `¿Quitar «${name}»?`,
    removeBody:
      "La entrada deja de mostrarlo. El servidor lo conserva, sellado, mientras una versión anterior de la entrada lo incluya.",
    removeAction: "Quitar",
  },
  history: {
    title: "Historial de contraseñas",
    loading: "Abriendo las versiones anteriores…",
    none: "La contraseña no se ha cambiado todavía.",
    shows: (date: string) => `Mostrar la contraseña del ${date}`,
    copies: (date: string) => `Copiar la contraseña del ${date}`,
  },
  entryForm: {
    editTitle: (title: string) => `Editar ${title}`,
    type: "Tipo",
    title: "Título",
    titleNeeded: "La entrada necesita un título para poder encontrarla.",
    generate: "Generar una contraseña",
    use: "Usar esta contraseña",
    tagsHint: "Pulsa Intro después de cada una; puede llevar comas y espacios.",
    addTag: (tag: string) => `Añadir la etiqueta «${tag}»`,
    removeTag: (tag: string) => `Quitar la etiqueta «${tag}»`,
    save: "Guardar",
    url: (n: number) => (n === 1 ? "Dirección" : `Dirección ${n}`),
    addUrl: "Añadir una dirección",
    removeUrl: (n: number) => `Quitar la dirección ${n}`,
    fields: "Campos personalizados",
    addField: "Añadir un campo",
    fieldName: (n: number) => `Nombre del campo ${n}`,
    fieldValue: (n: number) => `Valor del campo ${n}`,
    removeField: (n: number) => `Quitar el campo ${n}`,
  },
  generator: {
    title: "Generador",
    lead: "Se crea en este dispositivo, con su propia fuente de azar. No se guarda nada hasta que se añade a una entrada.",
    kind: "Qué generar",
    passphrase: "Frase de contraseña",
    generated: "Generado",
    length: "Longitud",
    characters: (n: number) => plural(n, { one: "# carácter", other: "# caracteres" }),
    words: "Palabras",
    wordCount: (n: number) => plural(n, { one: "# palabra", other: "# palabras" }),
    lower: "a–z",
    upper: "A–Z",
    digits: "0–9",
    symbols: "Símbolos como ! % & ?",
    least: (name: string) => `Al menos tantos de ${name}`,
    atLeast: (n: number) => `al menos ${number(n)}`,
    symbolSet: "Símbolos que usar",
    ambiguous: "Omitir caracteres parecidos, como l, 1, I, O y 0",
    separator: "Entre las palabras",
    separators: { hyphen: "Guion", space: "Espacio", stop: "Punto", underscore: "Guion bajo" },
    capitalize: "Palabras con mayúscula inicial",
    number: "Añadir un número",
    again: "Generar otra",
    copy: "Copiar",
    bits: (n: number) => plural(n, { one: "# bit de entropía", other: "# bits de entropía" }),
    verdicts: { weak: "débil", fair: "aceptable", strong: "fuerte", veryStrong: "muy fuerte" },
  },
  shortcuts: {
    title: "Atajos de teclado",
    keys: { home: "Inicio", end: "Fin", enter: "Intro", ctrl: "Ctrl", esc: "Esc" },
    search: "Buscar en la bóveda",
    new: "Nueva entrada",
    move: "Moverse por la lista",
    open: "Abrir la entrada",
    copyPassword: "Copiar la contraseña de la entrada de la lista",
    copyUsername: "Copiar su nombre de usuario",
    save: "Guardar el formulario",
    escape: "Borrar la búsqueda, cerrar un diálogo",
    lock: "Bloquear",
    help: "Esta lista",
  },
};
