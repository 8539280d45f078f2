// Package web embeds the page: the files in dist/ after `make web`, each with a brotli file next to it. WebAssembly exists only as
// brotli files.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// FS returns the files of the page. The entry is index.html. All other names contain a content hash, except service-worker.js: browsers
// find a service worker by its URL.
//
// If the page was not built, there is no index.html. A server must then answer "/" with 503 and the words "the page is not built: run
// make web", not with 404.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: " + err.Error()) // impossible: fs.Sub checks only that the path is valid
	}
	return sub
}
