package main

// A kind says what a rule checks. Folders are exempt from kinds of rules.
type kind string

const (
	phrase kind = "phrase" // a turn of speech, anywhere in a file
	word   kind = "word"   // one word for one thing, anywhere in a file
	name   kind = "name"   // identifiers
)

// A rule finds wording that we do not use. A space in pattern also matches a line break with its comment marker. Rules for text
// ignore case. A match that unless also matches is not reported.
type rule struct {
	kind            kind
	pattern, unless string
	advice          string
	wrong, right    string // one sentence that the rule finds and one that no rule finds
}

var rules = []rule{
	{phrase, `\bwhoever\b`, ``, `anyone who …, or name the person`,
		"Whoever has the link can register.", "Anyone with the link can register."},
	{phrase, `\bnobody's\b`, ``, `no one's, or turn the sentence around`,
		"It is a setting of nobody's.", "It is not a setting."},
	{phrase, `\banew\b`, ``, `again, or a verb with re-`,
		"The overlay is made anew.", "It rebuilds the overlay."},
	{phrase, `\b(?:is|are|was|were|be|been|being|gets?|got) told\b`, ``, `say who tells: "the server reports …"`,
		"The user is told that it failed.", "The page says that it failed."},
	{phrase, `\bof (?:its|their|our|his) own\b`, ``, `its own …, or a separate …`,
		"It runs in a process of its own.", "It runs in its own process."},
	{phrase, `\bby (?:itself|themselves)\b`, ``, `automatically, or alone`,
		"The message goes away by itself.", "The message disappears automatically."},
	{phrase, `\b(?:let|lets|letting) (?:go|nothing|no)\b`, ``, `release, drop, or refuse`,
		"Drain lets nothing go.", "Drain waits for requests in flight."},
	{phrase, `\bfor ever\b`, ``, `forever, permanently, indefinitely`,
		"It waits for ever.", "It waits indefinitely."},
	{phrase, `\bfor good\b`, `for good (?:reason|measure)`, `permanently`,
		"It removes the item for good.", "It deletes the item permanently."},
	{phrase, `\b(?:that|which|it|this|what|who|they) (?:is|are|was|were) none\b`, ``, `is not a …, or an adjective: invalid, malformed`,
		"A chunk that is none is refused.", "A malformed chunk is rejected. There is none."},
	{phrase, `\b[\w'` + "`" + `]+ (?:is|are|was|were) no [\w-]+`, `^(?:n?[Tt]here|and|or|but) |no (?:longer|more|less|fewer|later|earlier|worse|better|different)$`, `is not a …`,
		"A link is no file.", "A link is not a file. There is no file. It is no longer there."},
	{phrase, `\b(?:which|who) (?:is|are|was|were) to\b`, ``, `must, should, or will`,
		"The digest which is to be served.", "The digest to serve."},
	{phrase, `\b(?:is|are|was|were) (?:not )?to be \w+(?:ed|en|wn|ne|ld|ept|ade|ut|ound|ood)\b`, ``, `must (not) be …, or cannot be …`,
		"The header is not to be understood.", "The header is malformed."},
	{phrase, `\bhas to be\b`, ``, `must be`,
		"The value has to be a number.", "The value must be a number."},
	{phrase, `\bthe ones? that\b`, ``, `name the thing, or the … that`,
		"The slot is the one that serves.", "This slot serves."},
	{phrase, `\btakes? no \w+`, `takes? no (?:arguments?|blocks?|effect|options?|parameters?|part|time|values?)\b`, `does not accept, ignores, needs no`,
		"The page takes no file of that size.", "The page does not accept files of that size. It takes no arguments."},
	{phrase, `\bstands\b(?: \w+){0,2}`, `stands (?:for|out|in for)`, `is`,
		"The default stands in config.go.", "The default is in config.go. AES stands for a cipher. A mock stands in for the server."},
	{phrase, `\bstand (?:in|at|on|there|here|beside|first|last|above|below|where)\b`, `stand in for`, `are`,
		"Options stand in platform.json.", "Options are in platform.json."},
	{phrase, `\b(?:lies?|lay) (?:in|at|on|under|below|beside|there|where)\b`, ``, `is, or are`,
		"The key lies beside the data.", "The key is next to the data."},
	{phrase, `\bhangs? on\b`, ``, `depends on`,
		"The decision hangs on this read.", "The decision depends on this read."},
	{phrase, `\bin vain\b|\bfor nothing\b`, ``, `without effect, or needlessly`,
		"It tried in vain.", "The attempt failed."},
	{phrase, `\bmend(?:s|ed|ing)?\b`, ``, `fix, or repair`,
		"It mends the index.", "It repairs the index."},
	{phrase, `\bshall\b`, `SHALL`, `must, should, or will`,
		"The region where the vault shall be.", "The vault's region."},
	{phrase, `\bthe whole way\b`, ``, `end to end, or all steps`,
		"The test goes the whole way.", "The test runs end to end."},
	{phrase, `\bthe way of an?\b`, ``, `the path of a, how a …`,
		"The way of a password.", "The path of a password."},
	{phrase, `\bsees? to it\b`, ``, `ensures, or name who does it`,
		"The proxy sees to it that no request fails.", "The proxy ensures that no request fails."},
	{phrase, `\bso many of\b`, ``, `the number of, or minimum`,
		"At least so many of symbols.", "Minimum symbols."},
	{phrase, `\b(?:thereby|thereof|therein|wherein|whereupon|hitherto|heretofore)\b`, ``, `two sentences`,
		"It thereby avoids a copy.", "This avoids a copy."},
	{phrase, `\b(?-i:W)hat (?:is|was|are|were|no|nobody|has|had|came|comes|waits|stays|goes|cannot|must|may|does) [^?.]{0,200}[.]`, ``, `start with the thing that the sentence is about`,
		"What no item names makes some.", "Attachments that no item refers to are deleted first. What is it?"},
	{phrase, `\b(?-i:W)ho (?:is|was|has|does|may|can|cannot|\w+s) [^?.]{0,200}[.,]`, ``, `users who …, anyone who …`,
		"Who is signed out does not leave a copy behind.", "Signing out deletes the local copy. Who attacks it?"},
	{phrase, `\bwhat (?:no|nobody|nothing)\b`, ``, `… that no …`,
		"It removes what no item names.", "It removes attachments that no item refers to."},
	{phrase, `\bwhat (?:is|was|are|were|has|had) \w+ (?:is|was|are|were|has|goes|comes|stays|remains|will|must|can|does)\b`, ``, `name the thing: generated files are …`,
		"A test fails when what is generated is not current.", "A test fails when generated files are not current."},

	{word, `\buser(?: |-)names?\b`, ``, `username`,
		"The user name or the password is wrong.", "Wrong username or password"},
	{word, `\bone-time password keys?\b`, ``, `authenticator key`,
		"The item has a one-time password key.", "The item has an authenticator key."},

	{name, `^(?:kept|pieces?|settled?|turn|laid|inside|hay|handed|sight|away|told|bare)$`, ``, `say what it is: cached, chunk, overlay, replica, haystack, …`,
		"laid", "overlay"},
	{name, `^(?:kept|pieces?|laid|hay|handed|sight|told)(?:\W|[A-Z_])|(?:[^A-Z]|^)(?:Kept|Pieces?|Laid|Hay|Handed|Sight|Told)(?:$|[A-Z_])`, `^Kept$|Kept(?:Token|Quota|Day|Life)`, `say what it is: cached, chunk, overlay, replica, haystack, …`,
		"newPiece", "newChunk, KeptToken"},
}

// pageRules apply only to the page. Elsewhere, an entry may be part of a log, a directory or another program's file.
var pageRules = []rule{
	{word, `\b(?:an?|the|this|each|every|new|one|no|all|of|these|some) (?:\w+ )?entr(?:y|ies)\b`, `log entr`, `item`,
		"Delete this entry.", "Delete this item. A log entry."},
	{name, `^entr(?:y|ies)(?:$|[A-Z_])|[a-z]Entr(?:y|ies)`, ``, `item`,
		"selectedEntry", "selectedItem"},
}

const pageFolder = "app/web/src/"

// exemptions are folders (or files) and the kinds of rules that do not apply there.
var exemptions = []struct {
	path  string
	kinds []kind
}{
	{"internal/prose/rules.go", []kind{phrase, word, name}}, // it quotes what it forbids
	{"internal/prose/prose_test.go", []kind{phrase, word, name}},
	{"internal/audit/licences_test.go", []kind{phrase}}, // it quotes licences
	{"app/transfer/", []kind{word}},                     // it quotes the columns of other programs
	{"app/web/src/core/device-cache.ts", []kind{name}},  // it names what browsers already store
	// Format 2 renames these.
	{"app/seal/", []kind{word, name}},
	{"app/store/", []kind{word, name}},
	{"docs/sealed-format.md", []kind{word}},
	{"docs/threat-model.md", []kind{word}},
}
