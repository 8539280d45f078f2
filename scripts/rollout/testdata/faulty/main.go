// Command faulty simulates a release that does not serve. FAULT selects how it fails.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	status := http.StatusOK
	switch os.Getenv("FAULT") {
	case "silent":
		time.Sleep(time.Hour)
	case "broken":
		status = http.StatusInternalServerError
	case "dies":
		time.AfterFunc(5*time.Second, func() {
			fmt.Fprintln(os.Stderr, "the store is gone")
			os.Exit(3)
		})
	}
	err := http.ListenAndServe(":5001", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if os.Getenv("FAULT") == "hollow" && r.URL.Path != "/ready" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(status)
	}))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
