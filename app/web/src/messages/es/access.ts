// The screens before the vault is open, in Spanish.

import type { access as english } from "../en/access";
import { formatsOf } from "../formats";

const { plural } = formatsOf("es");

export const access: typeof english = {
  frame: {
    promise: "Cifrado en este dispositivo. El servidor no puede leerlo.",
  },
  starting: {
    loading: "Cargando el núcleo de la bóveda…",
    starting: "Iniciando…",
    title: "No se ha podido iniciar la bóveda",
    offline: "No se puede conectar con el servidor. Conviene revisar la conexión; nada ha cambiado en la bóveda.",
    outdated:
      "Es posible que este navegador sea demasiado antiguo para VaultSphere o que no haya llegado una parte de la página. Recargar la página una vez; si no sirve, usar un navegador actual.",
    insecureTitle: "Esta dirección no es segura",
    insecure:
      "La página ha llegado por HTTP sin cifrar: cualquiera en el camino podría cambiarla y leer lo que se escribe. VaultSphere no acepta aquí ninguna contraseña maestra: hay que abrirlo con https:// o, en la máquina del servidor, en http://localhost.",
    details: "Qué ha ocurrido",
  },
  signIn: {
    title: "Iniciar sesión",
    fresh: "¿Primera visita?",
    register: "Crear una bóveda",
  },
  unlock: {
    title: "La bóveda está bloqueada",
    pageTitle: "Bloqueada",
    submit: "Desbloquear",
  },
  secondFactor: {
    title: "Segundo factor",
    lead: "Introducir el código de seis cifras que la aplicación de autenticación muestra para VaultSphere.",
    label: "Código del autenticador",
    submit: "Continuar",
    checking: "Comprobando el código…",
    back: "Usar otra cuenta",
    lost: "¿Autenticador perdido?",
  },
  newPassword: {
    first: "Nueva contraseña maestra",
    again: "Repetir la nueva contraseña maestra",
    differs: "Las dos no coinciden.",
    tooWeak: "Demasiado fácil de adivinar para la contraseña que protege todas las demás.",
  },
  register: {
    step: (n: number, of: number) => `Paso ${n} de ${of}`,
    invitationTitle: "Hace falta una invitación",
    invitationLead:
      "En este servidor se entra por invitación. Hay que pedir un enlace a quien lo administra, que lo crea con «vaultsphered invite». Se puede abrir el enlace o pegarlo aquí.",
    invitationLink: "Enlace de invitación",
    title: "Crear la bóveda",
    usernameHint: "Sirve para iniciar sesión. No tiene que ser un correo electrónico.",
    again: "Repetir la contraseña maestra",
    submit: "Continuar",
    have: "¿Ya hay una bóveda?",
    phraseTitle: "La frase de recuperación",
    checkTitle: "Comprobar la frase",
    creating: "Creando la bóveda…",
    nameTitle: "Elegir otro nombre de usuario",
    nameLead: (name: string) => `«${name}» está ocupado. La contraseña y la frase de recuperación siguen siendo las mismas.`,
    create: "Crear la bóveda",
  },
  phrase: {
    why: "Estas 24 palabras son la única otra forma de entrar en la bóveda. Nadie puede volver a darlas, y quien las tenga puede abrirla. Deben guardarse en papel o en otro lugar seguro, no en esta bóveda.",
    print: "Imprimir",
    file: "Guardar como archivo",
    copy: "Copiar",
    sheet: "Frase de recuperación de VaultSphere",
    sheetHow:
      "Para entrar en la bóveda sin la contraseña maestra: abrir la página, elegir «¿Contraseña maestra olvidada?» y escribir las palabras en este orden. Quien tenga esta hoja puede abrir la bóveda.",
    sheetSite: "Dirección",
    saved: "Guardado. Conviene sacar el archivo de este dispositivo.",
    ask: "Para confirmar que están guardadas, escribir estas tres palabras.",
    word: (n: number) => `Palabra ${n}`,
    wrong: (n: number) => `La palabra ${n} es otra. Conviene mirar de nuevo lo que se guardó.`,
    confirm: "Confirmar",
    back: "Mostrar las palabras otra vez",
  },
  recover: {
    title: "Recuperar la bóveda",
    lead: "Las 24 palabras abren la bóveda y permiten fijar una nueva contraseña maestra. Todo su contenido se conserva.",
    phraseHint: "24 palabras, en orden, separadas por espacios.",
    count: (n: number) => `${n} de 24 palabras`,
    complete: "La frase está completa.",
    unknownWord: (n: number) => `La palabra ${n} no está en la lista de palabras de recuperación.`,
    tooMany: "Una frase de recuperación tiene 24 palabras.",
    mixedUp: "Las palabras no encajan: una es incorrecta o hay dos intercambiadas.",
    lost: "También he perdido el autenticador",
    lostHint: "Se quita el segundo factor; se puede volver a configurar en los ajustes.",
    submit: "Fijar la contraseña y abrir la bóveda",
    back: "Volver al inicio de sesión",
    done: "La nueva contraseña maestra está activa. Se ha cerrado la sesión en los demás dispositivos.",
  },
  copies: {
    title: "En este dispositivo",
    lead: "En este dispositivo hay una copia sellada de esta bóveda. Se puede leer sin el servidor.",
    openShort: (name: string) => `Abrir la copia de ${name}`,
    since: (date: string) => `Sesión terminada: ${date}`,
    changes: (n: number) =>
      plural(n, { one: "# cambio aún no está en el servidor", other: "# cambios aún no están en el servidor" }),
    days: (n: number) => plural(n, { one: "se elimina tras # día más de uso", other: "se elimina tras # días más de uso" }),
    damaged: "La lista de copias de este dispositivo está dañada. Al iniciar sesión se recupera lo que falta por enviar.",
    openTitle: "Copia en este dispositivo",
    openLead: "Se abre con la contraseña maestra que valía entonces. No se envía nada al servidor y la copia no cambia.",
    waits: (n: number) =>
      plural(n, {
        one: "# cambio que contiene aún no está en el servidor. Se enviará al iniciar sesión de nuevo en este dispositivo.",
        other: "# cambios que contiene aún no están en el servidor. Se enviarán al iniciar sesión de nuevo en este dispositivo.",
      }),
    open: "Abrir para leer",
    openHere: "Abrir la copia de este dispositivo",
    gone: "Esta copia ya no está en este dispositivo.",
    remove: "Eliminar esta copia",
    removeTitle: "¿Eliminar esta copia?",
    removeBody: "Se elimina de este dispositivo de forma definitiva. Lo que está en el servidor se queda allí.",
    removeLoses: (n: number) =>
      plural(n, {
        one: "Con ella se pierde # cambio que aún no está en el servidor.",
        other: "Con ella se pierden # cambios que aún no están en el servidor.",
      }),
    removed: "La copia se ha eliminado de este dispositivo.",
    back: "Volver",
    banner: (name: string) => `Esta es la copia de ${name} en este dispositivo. No se puede modificar.`,
    partial: "Una parte de esta copia está dañada. Se muestra lo que se puede leer.",
    noFiles: "Los archivos adjuntos están solo en el servidor, no en esta copia.",
    export: "Exportar",
    leave: "Cerrar la copia",
  },
  alarm: {
    codes: {
      vault_altered: {
        title: "La bóveda se ha modificado desde fuera",
        meaning:
          "Lo que ha enviado el servidor no lleva el sello de los dispositivos propios. Algo se ha alterado, omitido, añadido o cambiado de lugar. VaultSphere prefiere no mostrar nada antes que mostrar algo falso.",
      },
      vault_rolled_back: {
        title: "El servidor muestra una bóveda más antigua",
        meaning:
          "Este dispositivo ha visto un estado de la bóveda más reciente que el que envía ahora el servidor. Puede que se haya restaurado una copia de seguridad o que alguien esté reteniendo los cambios.",
      },
      kdf_refused: {
        title: "El servidor ha pedido una configuración de clave insegura",
        meaning:
          "La configuración con la que debe derivarse la clave está fuera de los límites seguros o no es aquella con la que se selló la bóveda. La contraseña no se ha usado con ella.",
      },
    },
    found: "Qué se ha encontrado",
    next: "Qué hacer",
    steps: {
      stop: "No iniciar sesión ni desbloquear con la contraseña maestra, ni aquí ni en otros dispositivos, hasta conocer el motivo.",
      tell: "Comunicar a quien administra este servidor el texto de arriba. Preguntar si se ha restaurado una copia de seguridad.",
      copy: "Este dispositivo aún tiene el último estado de la bóveda que ha comprobado. Abrir esa copia y exportar lo importante.",
    },
    again: "Comprobar de nuevo",
    noCopy: "Si otro dispositivo aún tiene la bóveda abierta, copiar de él lo importante.",
    signOutTitle: "¿Cerrar sesión y eliminar la copia?",
    signOutBody:
      "Al cerrar la sesión se elimina la copia de la bóveda en este dispositivo, con todos los cambios que aún no están en el servidor. Si la bóveda del servidor no es la correcta, esta copia puede ser la última buena.",
    signOut: "Cerrar sesión y eliminar la copia",
  },
};
