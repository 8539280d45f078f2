package source

import (
	"slices"
	"strings"
	"sync"
	"unicode"
)

// columnNames are the known names of each column, the most specific first: in English, then in German, French, Spanish,
// Italian, Portuguese, Dutch, Polish, Russian, Swedish, Danish and Norwegian, Czech, Finnish, Turkish, Ukrainian, Hungarian,
// Japanese, Chinese and Korean. Case, accents and punctuation do not matter.
var columnNames = map[Column]string{
	ColumnTitle: `title, name, label, nickname, item, entry, account, service, caption,
		titel, bezeichnung, eintrag, konto, titre, nom, intitule, libelle, titulo, nombre, titolo, nome, naam, benaming, tytul, nazwa,
		название, имя, заголовок, наименование, titel, namn, navn, tittel, nazev, jmeno, titulek, otsikko, nimi, baslik, ad, isim, назва, імя,
		cim, nev, megnevezes, タイトル, 名前, 名称, 标题, 標題, 名稱, 제목, 이름`,
	ColumnURL: `url, urls, uri, uris, website, websites, web site, site, sites, web address, website address, site address, login page, link, links, hostname, host, domain, domains, address, origin, web,
		webseite, webadresse, internetseite, internetadresse, netzadresse, seite, adresse, site web, adresse web, site internet, lien,
		sitio web, sitio, pagina web, direccion, direccion web, enlace, sito web, sito, indirizzo, indirizzo web, collegamento,
		endereco, endereco web, site da web, pagina, webpagina, webadres, adres, strona, strona internetowa, strona www, witryna, adres www, адрес, сайт, веб сайт, ссылка, адрес сайта, адрес страницы,
		webbplats, webbadress, webbsida, lank, adress, hjemmeside, nettsted, nettside, webadresse, webova stranka, webove stranky, odkaz, stranka, verkkosivusto, osoite, sivusto,
		web sitesi, baglanti, adres, веб сайт, посилання, адреса, weboldal, weblap, webcim, ウェブサイト, サイト, アドレス, 网址, 网站, 網址, 網站, 웹사이트, 사이트, 주소`,
	ColumnUsername: `username, user name, user, userid, user id, login, login name, loginname, login id, logon, logon name, sign in name, account id, account name, username or email, email, e mail, mail, email address, e mail address,
		benutzername, benutzer, benutzerkennung, nutzername, anmeldename, kontoname, benutzer id, kennung, e mail adresse, identifiant, utilisateur, nom utilisateur, nom d utilisateur, nom de l utilisateur, nom du compte, courriel, adresse e mail,
		usuario, nombre de usuario, nombre usuario, correo, correo electronico, identificador, nome utente, utente, nome account, utilizador, nome de utilizador, nome de usuario, nome do usuario,
		gebruikersnaam, gebruiker, inlognaam, uzytkownik, nazwa uzytkownika, логин, имя пользователя, пользователь, почта, электронная почта, учетная запись,
		anvandarnamn, anvandare, inloggningsnamn, e post, brugernavn, bruker, brukernavn, bruger, uzivatelske jmeno, uzivatel, prihlasovaci jmeno, kayttajanimi, kayttajatunnus, kayttaja, tunnus,
		kullanici adi, kullanici, e posta, користувач, ім'я користувача, логін, felhasznalonev, felhasznalo, ユーザー名, ユーザ名, ユーザー, ユーザーid, ログイン, 用户名, 用户, 账号, 帐号, 使用者名稱, 帳號, 사용자 이름, 사용자명, 사용자, 아이디`,
	ColumnPassword: `password, pass, passwd, pwd, pw, passphrase, passcode, login password, current password,
		passwort, kennwort, passwd, mot de passe, motdepasse, mdp, contrasena, clave, clave de acceso, parola d ordine, parola chiave, palavra passe, senha, palavra chave,
		wachtwoord, haslo, пароль, losenord, adgangskode, kodeord, passord, heslo, salasana, sifre, parola, пароль, jelszo, パスワード, 密码, 密碼, 비밀번호, 암호`,
	ColumnTOTP: `totp, otp, otpauth, otp auth, otpurl, otp url, otp uri, otp secret, otpsecret, totp secret, totp uri, totp url, totp seed, totp key, 2fa, 2fa secret, 2fa key, twofa, twofa secret, tfa, mfa, mfa secret, two factor, two factor secret, two factor code, authenticator, authenticator key, authenticator secret,
		one time password, one time passwort, one time code, onetime password, one time secret, onetimepassword, one time password secret,
		einmalpasswort, einmalkennwort, einmalcode, einmal passwort, zwei faktor, mot de passe a usage unique, code a usage unique, contrasena de un solo uso, codigo de un solo uso, password monouso, codice monouso,
		senha de uso unico, senha unica, palavra passe de uso unico, codigo de uso unico, eenmalig wachtwoord, eenmalige code, haslo jednorazowe, kod jednorazowy, одноразовый пароль, одноразовый код, engangslosenord, engangskode, engangskod, engangsadgangskode, engangspassord,
		jednorazove heslo, kertakayttosalasana, kertakayttokoodi, tek kullanimlik sifre, tek kullanimlik kod, одноразовий пароль, egyszeri jelszo, ワンタイムパスワード, 一次性密码, 일회용 비밀번호`,
	ColumnNotes: `notes, note, comment, comments, extra, remark, remarks, info, information, additional info, text, description, memo, details, message, content,
		notizen, notiz, kommentar, bemerkung, bemerkungen, anmerkung, anmerkungen, hinweise, informationen, beschreibung, remarque, remarques, commentaire, commentaires, informations,
		notas, nota, comentario, comentarios, observaciones, descripcion, note, commento, commenti, appunti, annotazioni, descrizione, observacoes, anotacoes, descricao, anotacao,
		notities, notitie, opmerking, opmerkingen, omschrijving, beschrijving, notatki, notatka, uwagi, komentarz, opis, заметки, заметка, примечание, примечания, комментарий, комментарии, описание,
		anteckningar, anteckning, kommentarer, beskrivning, noter, notater, notat, bemaerkninger, beskrivelse, poznamky, poznamka, popis, muistiinpanot, huomautukset, kuvaus, notlar, aciklama, примітки, нотатки, опис,
		megjegyzes, megjegyzesek, jegyzet, jegyzetek, leiras, メモ, ノート, 備考, 备注, 備註, 笔记, 메모, 비고`,
	ColumnTag: `folder, folders, group, group name, folder name, grouping, tags, tag, labels, vault, vault name, collection, collections, path, chamber, chambername, datatags, data tags, keywords, organisationseinheit, organizational unit, group path, folder path, directory,
		ordner, gruppe, schlagworter, schlagwort, kategorie, tresor, verzeichnis, dossier, groupe, etiquettes, categorie, coffre, carpeta, grupo, etiquetas, categoria, etiqueta, cartella, gruppo, etichette, etichetta, pasta, marcadores,
		map, groep, labels, folder, grupa, etykiety, tagi, kategoria, папка, группа, теги, метки, категория, mapp, grupp, taggar, kategori, mappe, gruppe, slozka, skupina, stitky, kategorie, kansio, ryhma, tunnisteet,
		klasor, grup, etiketler, папка, група, теги, mappa, csoport, cimkek, フォルダ, フォルダー, グループ, タグ, 文件夹, 分组, 标签, 資料夾, 群組, 標籤, 폴더, 그룹, 태그`,
	ColumnType: `type, entry type, item type, record type, category, kind, typ, art, tipo, tipologia, тип, soort, rodzaj, tur, тип, типа, 種類, 类型, 유형`,
	ColumnFavourite: `favourite, favorite, favourites, favorites, fav, starred, is favorite, is favourite, favorit, favoriten, favori, favoris, favorito, favoritos, preferito, preferiti,
		favoriet, ulubione, избранное, favoriter, oblibene, suosikki, favoriler, обране, kedvenc, お気に入り, 收藏, 즐겨찾기`,
	ColumnCreated: `created, created at, created on, createtime, create time, created time, creation date, creation time, timecreated, time created, date created, date added, created date, creationdate,
		erstellt, erstellt am, erstellungsdatum, angelegt, cree le, date de creation, creado, creado el, fecha de creacion, creato, creato il, data di creazione, data creazione, criado, criado em, data de criacao, gemaakt, aangemaakt, utworzono, data utworzenia, создано, дата создания, skapad, oprettet, opprettet, vytvoreno, luotu, olusturma tarihi, створено, letrehozva, 作成日, 作成日時, 创建时间, 생성일`,
	ColumnModified: `modified, modified at, last modified, modifytime, modify time, modified time, updated, updated at, last updated, edited, edited at, last edited, timepasswordchanged, date password modified, last modification time, last modification, date modified, modification date, modified date, last changed, changed, last update,
		geandert, geandert am, letzte anderung, anderungsdatum, zuletzt geandert, bearbeitet, aktualisiert, modifie le, date de modification, derniere modification, modificado, fecha de modificacion, ultima modificacion, modificato, data di modifica, ultima modifica, modificado em, data de modificacao, gewijzigd, laatst gewijzigd, bijgewerkt, zmodyfikowano, data modyfikacji, изменено, дата изменения, andrad, aendret, endret, zmeneno, muokattu, degistirme tarihi, змінено, modositva, 更新日, 更新日時, 修改时间, 更新时间, 수정일`,
}

// name is what a column of that name holds, and the rank of the name; 0 is the most specific.
type columnName struct {
	column Column
	rank   int
}

var columnsByName = sync.OnceValue(func() map[string]columnName {
	out := map[string]columnName{}
	for _, column := range []Column{
		ColumnTOTP, ColumnPassword, ColumnUsername, ColumnURL, ColumnTitle, ColumnNotes, ColumnTag, ColumnFavourite, ColumnCreated, ColumnModified, ColumnType,
	} {
		for i, name := range strings.Split(columnNames[column], ",") {
			if name = strings.Join(columnWords(name), " "); out[name].column == "" {
				out[name] = columnName{column, i}
			}
		}
	}
	return out
})

var (
	// thingsNamed precede "name" where it is the title of an item.
	thingsNamed = strings.Fields("item entry record secret site website web display service application app system server resource title login credential password url card")
	// placesOnWeb precede "address" where it is a URL and not a street address.
	placesOnWeb = strings.Fields("web website site url internet page link login origin http https")
	// otherParts precede a known word and change its meaning.
	otherParts = strings.Fields("old previous last former history historical hint reset recovery change changed alternative alternate backup master altes alte vorheriges letztes ancien precedent anterior antigua antigo vecchia vecchio precedente oud vorig stare poprzednie старый прежний first middle family surname company bank holder card maiden file host street home billing postal ip")
	// links connect a word with what it belongs to.
	links = strings.Fields("for of fur des der von vom zu zum zur du de des d del della dello di da do dos das al a voor van для til av")
	// fillers carry no meaning.
	fillers = strings.Fields("value values field column data string required optional 1 wert feld valeur valor valore")
)

var accents = strings.NewReplacer("á", "a", "à", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "ā", "a", "ą", "a", "ç", "c", "ć", "c", "č", "c",
	"ď", "d", "đ", "d", "é", "e", "è", "e", "ê", "e", "ë", "e", "ę", "e", "ě", "e", "í", "i", "ì", "i", "î", "i", "ï", "i", "ı", "i", "ł", "l", "ñ", "n", "ń", "n",
	"ň", "n", "ó", "o", "ò", "o", "ô", "o", "õ", "o", "ö", "o", "ő", "o", "ø", "o", "ř", "r", "ś", "s", "š", "s", "ş", "s", "ß", "ss", "ť", "t",
	"ú", "u", "ù", "u", "û", "u", "ü", "u", "ű", "u", "ů", "u", "ý", "y", "ź", "z", "ż", "z", "ž", "z", "ğ", "g", "æ", "ae", "œ", "oe", "ё", "е", "й", "и", "ї", "і",
	"\u0300", "", "\u0301", "", "\u0302", "", "\u0303", "", "\u0306", "", "\u0307", "", "\u0308", "", "\u030a", "", "\u0327", "", "\u0328", "", "\u030c", "")

// columnWords splits a name into normalized words: "loginPassword", "Login_Password" and "login-password" give the same.
func columnWords(name string) []string {
	var b strings.Builder
	var before rune
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			b.WriteByte(' ')
		}
		if before = r; unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			b.WriteRune(unicode.ToLower(r))
		} else {
			b.WriteByte(' ')
		}
	}
	return strings.Fields(accents.Replace(b.String()))
}

// How a name was found, the most certain first.
const (
	ByWhole = iota + 1
	byEnd
	byBegin
)

// Meaning returns what a column of that name holds, and how certain that is: lower is more certain.
func Meaning(name string) (Column, int) {
	words := columnWords(name)
	for len(words) > 1 && slices.Contains(fillers, words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	known := columnsByName()
	for _, whole := range []string{strings.Join(words, " "), strings.Join(words, "")} {
		if c, ok := known[whole]; ok {
			return c.column, ByWhole*1000 + c.rank
		}
	}
	for i := len(words) - 1; i > 0; i-- {
		if c, ok := known[strings.Join(words[:i], " ")]; ok && slices.Contains(links, words[i]) && belongs(c.column, words[:i], words[i+1:]) {
			return c.column, byBegin*1000 + c.rank
		}
	}
	for i := 1; i < len(words); i++ {
		if c, ok := known[strings.Join(words[i:], " ")]; ok {
			if !belongs(c.column, words[i:], words[:i]) {
				return ColumnField, 0
			}
			return c.column, byEnd*1000 + c.rank
		}
	}
	return ColumnField, 0
}

// belongs reports whether the other words of a name only say which item the value belongs to.
func belongs(c Column, head, others []string) bool {
	about := func(list []string) bool {
		return slices.ContainsFunc(others, func(w string) bool { return slices.Contains(list, w) })
	}
	switch {
	case c == ColumnTitle && len(head) == 1 && !slices.Contains([]string{"title", "titel", "titre", "titulo", "titolo", "label"}, head[0]):
		return about(thingsNamed) || slices.ContainsFunc(others, func(w string) bool {
			c := columnsByName()[w].column
			return c == ColumnURL || c == ColumnTitle
		})
	case c == ColumnURL && slices.Contains([]string{"address", "adresse", "direccion", "indirizzo", "endereco", "adres", "адрес", "host", "origin"}, head[0]):
		return about(placesOnWeb)
	case c == ColumnCreated || c == ColumnModified:
		return true
	}
	return !about(otherParts)
}

// insteadOf are the names that may stand for another part if no other column holds it.
var insteadOf = []struct {
	missing, is Column
	names       string
}{
	{ColumnTitle, ColumnNotes, "description, beschreibung, descripcion, descrizione, descricao, omschrijving, beschrijving, opis, описание, beskrivning, beskrivelse, popis, kuvaus, aciklama, опис, leiras"},
	{ColumnTitle, ColumnUsername, "account name, kontoname, nome account, nom du compte"},
	{ColumnUsername, ColumnTitle, "account, konto"},
}

// guess returns what the columns are, by their names. Several columns may hold the same value; the most certain one wins.
func guess(names []string) []Column {
	out := make([]Column, len(names))
	for i, name := range names {
		out[i], _ = Meaning(name)
	}
	for _, other := range insteadOf {
		if slices.Contains(out, other.missing) {
			continue
		}
		i := slices.IndexFunc(names, func(name string) bool {
			return slices.Contains(strings.Split(other.names, ", "), strings.Join(columnWords(name), " "))
		})
		if i >= 0 && out[i] == other.is && (hasOther(out, i) || !slices.Contains(out, ColumnURL) || other.is == ColumnNotes && leads(out, i)) {
			out[i] = other.missing
		}
	}
	return out
}

// leads reports whether column i precedes those of a login, as a title does.
func leads(columns []Column, i int) bool {
	return !slices.ContainsFunc(columns[:i], func(c Column) bool { return slices.Contains(needed, c) })
}

// hasOther reports whether another column holds the same as column i.
func hasOther(columns []Column, i int) bool {
	return slices.Contains(columns[:i], columns[i]) || slices.Contains(columns[i+1:], columns[i])
}

// secretWordsElsewhere are secret words in languages other than English, beside the names of passwords and authenticator
// keys.
var secretWordsElsewhere = strings.Fields("geheimzahl geheimnis geheim secreto segreto secreet ccnum ccv csc puk tan cvv2 cvc2 prufziffer prufnummer " +
	"kontonummer kartennummer kreditkartennummer kortnummer kaartnummer cryptogramme clave answer antwort reponse respuesta risposta resposta ответ")

// secretName reports whether the name of a column means a secret, in any of the languages.
func secretName(name string) bool {
	if part := cardPart(name); part == cardNumber && !anyNumber(name) || part == cardCode && Fold(name) != "code" || part == cardPIN {
		return true
	}
	known := columnsByName()
	return slices.ContainsFunc(columnWords(name), func(w string) bool {
		c := known[w].column
		return c == ColumnPassword || c == ColumnTOTP || slices.Contains(secretWordsElsewhere, w)
	})
}
