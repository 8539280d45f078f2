// The parts of an entry, in Spanish.
import type { itemParts as english } from "../en/item";
import { formatsOf } from "../formats";

const { plural } = formatsOf("es");

export const itemParts: typeof english = {
  sshKey: {
    public: "Clave pública",
    private: "Clave privada",
    fingerprint: "Huella digital",
  },
  itemParts: {
    code: "Código de un solo uso",
    codeLoading: "Creando el código…",
    validFor: (n: number) => plural(n, { one: "válido # segundo más", other: "válido # segundos más" }),
    nextCode: "Código siguiente",
    badKey: "Con esta clave no se crean códigos. Cópiela de nuevo del sitio o escanee su código QR.",
    totpHint:
      "Una dirección otpauth:// o solo la clave, tal como la muestra el sitio al activar el inicio de sesión en dos pasos. También se puede pegar o soltar aquí una imagen del código QR.",
    makes: (code: string) => `Crea códigos. Ahora: ${code}`,
    scan: "Escanear un código QR de una imagen",
    readingQR: "Leyendo la imagen…",
    noQR: "Aquí no se encuentra ningún código QR. Pruebe con una imagen más nítida que solo muestre el código.",
    otherQR: "Este código QR contiene algo distinto de la clave de los códigos de un solo uso.",
    rule: (n: number) => (n === 1 ? "Páginas de la dirección" : `Páginas de la dirección ${n}`),
    rules: {
      domain: "Este sitio y sus subdominios",
      host: "Solo este host",
      starts: "Páginas que empiezan así",
      exact: "Solo esta página",
      regexp: "Expresión regular",
      never: "Ninguna página",
    },
    fieldKind: (n: number) => `Tipo del campo ${n}`,
    fieldKinds: { text: "Texto", hidden: "Oculto", boolean: "Sí o no", link: "Enlace" },
    newer:
      "Una versión más reciente de VaultSphere escribió una parte de esta entrada. Esta versión la conserva, pero no puede mostrarla.",
    newerRule: "Definida por una versión más reciente",
    fieldYes: (name: string) => `${name}: sí`,
    yes: "Sí",
    no: "No",
  },
};
