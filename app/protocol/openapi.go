package protocol

import _ "embed"

// OpenAPI is the OpenAPI 3.1 document of this API, served under PathOpenAPI. Tests hold the server to it.
//
//go:embed openapi.json
var OpenAPI []byte
