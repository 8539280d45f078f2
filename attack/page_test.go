//go:build integration

package attack

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"sync"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// browser is a Chromium with one page, which app/web/e2e/attacked.mjs drives.
type browser struct {
	mu    sync.Mutex
	in    io.WriteCloser
	out   *bufio.Scanner
	pages int
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	cmd := exec.Command("node", "../app/web/e2e/attacked.mjs")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the driver of the browser: %v", err)
		}
	})
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 1<<20)
	return &browser{in: in, out: scanner}
}

// do sends one command and decodes the result.
func (b *browser) do(t *testing.T, result any, command map[string]any) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := json.NewEncoder(b.in).Encode(command); err != nil {
		t.Fatal(err)
	}
	if !b.out.Scan() {
		t.Fatalf("the driver of the browser ended: %v", b.out.Err())
	}
	var answer struct {
		Result json.RawMessage
		Error  string
	}
	if err := json.Unmarshal(b.out.Bytes(), &answer); err != nil {
		t.Fatalf("%v: %s", err, b.out.Bytes())
	}
	if answer.Error != "" {
		t.Fatalf("%s: %s", command["do"], answer.Error)
	}
	if result != nil {
		if err := json.Unmarshal(answer.Result, result); err != nil {
			t.Fatal(err)
		}
	}
}

// page is the page of one device, with its own browser profile. Between two calls it is not open, so that it never syncs unasked.
type page struct {
	browser  *browser
	number   int
	url      string
	password string
}

func newPage(t *testing.T, b *browser, url string) *page {
	t.Helper()
	b.mu.Lock()
	b.pages++
	p := &page{b, b.pages, url, password}
	b.mu.Unlock()
	p.do(t, nil, "begin", map[string]any{"url": url})
	t.Cleanup(func() { p.do(t, nil, "end", nil) })
	return p
}

func (p *page) do(t *testing.T, result any, command string, parameters map[string]any) {
	t.Helper()
	all := map[string]any{"do": command, "device": p.number}
	maps.Copy(all, parameters)
	p.browser.do(t, result, all)
}

func (p *page) see(t *testing.T, command string) outcome {
	t.Helper()
	var seen struct {
		Titles []string
		Said   string
	}
	p.do(t, &seen, command, map[string]any{"username": username, "password": p.password})
	p.do(t, nil, "leave", nil)
	return outcome{seen.Titles, seen.Said}
}

func (p *page) another(t *testing.T) device {
	t.Helper()
	d := newPage(t, p.browser, p.url)
	d.password = p.password
	return d
}

func (p *page) signIn(t *testing.T) outcome   { return p.see(t, "signIn") }
func (p *page) open(t *testing.T) outcome     { return p.see(t, "open") }
func (p *page) openCopy(t *testing.T) outcome { return p.see(t, "openCopy") }

func (p *page) signOut(t *testing.T) {
	t.Helper()
	p.unlocked(t, func() { p.do(t, nil, "signOut", nil) })
}

// unlocked opens the vault, which the gate must let it, and does something in it.
func (p *page) unlocked(t *testing.T, do func()) {
	t.Helper()
	var seen struct{ Said string }
	p.do(t, &seen, "open", map[string]any{"password": p.password})
	if seen.Said != "" {
		t.Fatalf("the page says %q", seen.Said)
	}
	do()
	p.do(t, nil, "leave", nil)
}

// call calls the core with the ids of some titles.
func (p *page) call(t *testing.T, method string, parameters func(ids map[string]string) map[string]any) outcome {
	t.Helper()
	var answer outcome
	p.unlocked(t, func() {
		var list struct {
			Items []struct{ ID, Title string }
		}
		p.do(t, &list, "items", nil)
		ids := map[string]string{}
		for _, it := range list.Items {
			ids[it.Title] = it.ID
		}
		var said struct{ Said string }
		if method == "" {
			p.do(t, &said, "rename", parameters(ids))
		} else {
			p.do(t, &said, "call", map[string]any{"method": method, "params": parameters(ids)})
		}
		answer.said = said.Said
	})
	return answer
}

func (p *page) add(t *testing.T, title string) outcome {
	t.Helper()
	return p.call(t, "add_many", func(map[string]string) map[string]any {
		return map[string]any{"items": []any{map[string]any{"id": "", "type": "login", "title": title, "username": "anna", "password": "x"}}}
	})
}

func (p *page) rename(t *testing.T, title, to string) outcome {
	t.Helper()
	return p.call(t, "", func(ids map[string]string) map[string]any { return map[string]any{"id": ids[title], "title": to} })
}

func (p *page) trash(t *testing.T, title string) outcome {
	t.Helper()
	return p.call(t, "trash", func(ids map[string]string) map[string]any {
		return map[string]any{"ids": []string{ids[title]}, "keep_days": 30}
	})
}

func (p *page) restore(t *testing.T, title string) outcome {
	t.Helper()
	return p.call(t, "restore", func(ids map[string]string) map[string]any { return map[string]any{"ids": []string{ids[title]}} })
}

func (p *page) goBack(t *testing.T, newest, revision int64) outcome {
	t.Helper()
	var seen struct{ Said string }
	p.do(t, &seen, "goBack", map[string]any{"password": p.password, "writes": newest - revision})
	p.do(t, nil, "leave", nil)
	return outcome{said: seen.Said}
}

func (p *page) setPassword(_ *testing.T, next string) { p.password = next }

func (p *page) credential(t *testing.T) (name, value string) {
	t.Helper()
	var cookie struct{ Name, Value string }
	p.do(t, &cookie, "token", nil)
	return "Cookie", cookie.Name + "=" + cookie.Value
}
