package client_test

import (
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// A search finds a title by its own spelling, and by what people type on a keyboard without its letters, dashes or quotation marks.
func TestSearchTakesLettersAsAKeyboardHasThem(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	typed := map[string][]string{
		"Đorđe Đặng":          {"dorde", "dang", "ĐORĐE"},
		"Þórður":              {"thordur"},
		"Garðabær":            {"gardabaer"},
		"Ærø":                 {"aero"},
		"Œuvre":               {"oeuvre"},
		"Ħamrun":              {"hamrun"},
		"Işık Kısa":           {"isik", "kisa", "ISIK"},
		"İstanbul":            {"istanbul", "ISTANBUL"},
		"Łódź":                {"lodz"},
		"Straße STRAẞE":       {"strasse strasse"},
		"Əliyev":              {"eliyev"},
		"Kŋut":                {"knut"},
		"Ґанок":               {"ганок"},
		"Ёлка":                {"елка"},
		"Қазақстан":           {"казакстан"},
		"Οδός":                {"οδοσ", "ΟΔΟΣ"},
		"O’Brien":             {"o'brien"},
		"Oʻzbekiston":         {"o'zbekiston"},
		"“Quoted” «Guille»":   {`"quoted"`, `"guille"`},
		"Jan–Feb":             {"jan-feb"},
		"A—B":                 {"a-b"},
		"5−3":                 {"5-3"},
		"co\u2011op":          {"co-op"},
		"Donau\u00addampf":    {"donaudampf"},
		"zero\u200bwidth":     {"zerowidth"},
		"Өмнөговь Үржин":      {"омноговь", "уржин"},
		"Ұлытау Әуезов":       {"улытау", "ауезов"},
		"Київ Єнакієве":       {"киив", "енакиеве"},
		"Һава":                {"хава"},
		"ГӀалгӀайче":          {"г1алг1айче"},
		"Ɣedzi Ʋu Ŋutsu":      {"gedzi", "vu", "nutsu"},
		"Ǝnsar":               {"ensar"},
		"O´Neill":             {"o'neill"},
		"ʿAlī Qurʾān":         {"'ali", "qur'an"},
		"Ivanovʹ":             {"ivanov'"},
		"צה״ל ג׳":             {`צה"ל`, "ג'"},
		"❝Ornament❞":          {`"ornament"`},
		"‚low’ „Low“ ‹a› 「b」": {"'low'", `"low"`, "'a'", `"b"`},
		"ﬀ ﬃ ﬆ ĳs ǆ ŉ":        {"ff", "ffi", "st", "ijs", "dz", "'n"},
		"ſtraſse":             {"strasse"},
		"ᾼδης ϑέμις ϲ":        {"αδησ", "θεμισ"},
		"Ǻngström Ůů":         {"angstrom", "uu"},
		"soft\u00adhy‑phen":   {"softhy-phen"},
		"ﬁle №5":              {"file no5"},
	}
	var items []item.Item
	for title := range typed {
		items = append(items, item.Item{Title: title})
	}
	if _, err := d.AddMany(t.Context(), items, nil); err != nil {
		t.Fatal(err)
	}
	for title, texts := range typed {
		for _, text := range append(texts, title) {
			found, err := d.Search(client.Query{Text: text})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(found, func(s client.Summary) bool { return s.Title == title }) {
				t.Errorf("%q does not find %q", text, title)
			}
		}
	}
}
