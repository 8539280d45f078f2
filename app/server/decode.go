package server

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func badBody(format string, args ...any) *vault.Error {
	return &vault.Error{Code: protocol.CodeBadRequest, Message: fmt.Sprintf(format, args...)}
}

// requests limits the JSON of every request.
var requests = strictjson.Form{Name: "the body", Depth: 8, Members: 64, Elements: chain.MaxOperations}

// decode reads a JSON body of at most limit bytes for user. It accepts exactly what the API describes.
func decode[T any](s *Server, w http.ResponseWriter, r *http.Request, limit int64, user vault.UserID) (T, error) {
	var v T
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || (params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return v, &vault.Error{Code: protocol.CodeUnsupportedMedia, Message: "Content-Type must be application/json"}
	}
	body, err := s.bodies.read(w, r, limit, user)
	noteBody(r.Context(), body)
	if err != nil {
		w.Header().Set("Connection", "close") // otherwise the answer would wait for the rest of the body
		return v, err
	}
	if err := requests.Decode(body.reader, &v); err != nil {
		return v, badBody("%v", err)
	}
	return v, nil
}
