// Package web holds the browser app as files: dist/ as `make web` leaves it, a brotli file beside each asset, and for
// WebAssembly the brotli file alone.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// FS returns the files of the page; index.html is its entry. Every other name carries a hash of its content, but for
// service-worker.js, which browsers find again by its name.
//
// In a checkout where the page was not built the tree has no index.html. A server must then answer "/" with
// 503 and the words "the page is not built: run make web", instead of a bare 404.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: " + err.Error()) // "dist" is a valid path, and that is all fs.Sub checks
	}
	return sub
}
