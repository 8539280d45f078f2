// The parts of an entry, in Russian.
import type { itemParts as english } from "../en/item";
import { formatsOf } from "../formats";

const { plural } = formatsOf("ru");

export const itemParts: typeof english = {
  sshKey: {
    public: "Открытый ключ",
    private: "Закрытый ключ",
    fingerprint: "Отпечаток",
  },
  itemParts: {
    code: "Одноразовый код",
    codeLoading: "Код создаётся…",
    validFor: (n: number) =>
      plural(n, {
        one: "действует ещё # секунду",
        few: "действует ещё # секунды",
        many: "действует ещё # секунд",
        other: "действует ещё # секунды",
      }),
    nextCode: "Следующий код",
    badKey: "Из этого ключа коды не получаются. Скопируйте его с сайта ещё раз или отсканируйте QR-код.",
    totpHint:
      "Адрес otpauth:// или только ключ, который сайт показывает при включении двухфакторного входа. Сюда можно также вставить или перетащить изображение QR-кода.",
    makes: (code: string) => `Коды создаются. Сейчас: ${code}`,
    scan: "Считать QR-код с изображения",
    readingQR: "Изображение читается…",
    noQR: "QR-код здесь не найден. Попробуйте более чёткое изображение, на котором только код.",
    otherQR: "В этом QR-коде не ключ одноразовых кодов, а что-то другое.",
    rule: (n: number) => (n === 1 ? "Страницы адреса" : `Страницы адреса ${n}`),
    rules: {
      domain: "Этот сайт и его поддомены",
      host: "Только этот узел",
      starts: "Страницы, которые так начинаются",
      exact: "Только эта страница",
      regexp: "Регулярное выражение",
      never: "Никакие страницы",
    },
    fieldKind: (n: number) => `Вид поля ${n}`,
    fieldKinds: { text: "Текст", hidden: "Скрытое", boolean: "Да или нет", link: "Ссылка" },
    newer: "Часть этой записи создана более новой версией VaultSphere. Эта версия сохраняет её, но не может показать.",
    newerRule: "Задано более новой версией",
    fieldYes: (name: string) => `${name}: да`,
    yes: "Да",
    no: "Нет",
  },
};
