//go:build integration

package rollout_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// archive creates an archive of files by path, as keep-certificates does.
func archive(t *testing.T, files map[string]string, more ...*tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: int64(len(content))}))
		_, err := w.Write([]byte(content))
		must(t, err)
	}
	for _, header := range more {
		must(t, w.WriteHeader(header))
	}
	must(t, w.Close())
	return b.Bytes()
}

func sum(content []byte) string {
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}

func (p *platform) copied(t *testing.T, content []byte, sum string) {
	t.Helper()
	_, err := s3.NewFromConfig(emulator.Config(t)).PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &p.bucket, Key: aws.String(names.CertificatesKey), Body: bytes.NewReader(content), Metadata: map[string]string{"sha256": sum},
	})
	must(t, err)
}

func testRefusedCopies(t *testing.T, one, two *member) {
	p := two.platform
	good, name := map[string]string{}, ""
	must(t, filepath.WalkDir(one.data(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		path, _ = filepath.Rel(one.data(t), path)
		if good[path] = string(content); strings.HasSuffix(path, ".crt") {
			name = strings.TrimSuffix(path, ".crt")
		}
		return err
	}))
	// with returns the valid copy with changed files. Empty content removes a file.
	with := func(changes ...string) map[string]string {
		files := maps.Clone(good)
		for change := range slices.Chunk(changes, 2) {
			if files[change[0]] = change[1]; change[1] == "" {
				delete(files, change[0])
			}
		}
		return files
	}
	strange, strangeKey := selfSigned(t, elasticAddress, time.Now().Add(time.Hour))
	expired, expiredKey := selfSigned(t, elasticAddress, time.Now().Add(-time.Minute))
	whole := archive(t, good)
	defer p.copied(t, whole, sum(whole))
	pem := good[name+".crt"]
	for _, c := range []struct {
		name, want string
		copy       []byte
		sum        string // checksum; default: that of the copy
		env        string
	}{
		{"S3 is unreachable", "no certificates from s3://", whole, "", "AWS_ENDPOINT_URL_S3=http://127.0.0.1:1"},
		{"cut in half", "its SHA-256 does not match", whole[:len(whole)/2], sum(whole), ""},
		{"cut in half, with a valid checksum", "the archive is broken", whole[:len(whole)/2/512*512+100], "", ""},
		{"without a certificate", "it has no certificate", archive(t, map[string]string{"caddy/acme/account": "x"}), "", ""},
		{"without a sum", "its SHA-256 does not match", whole, "none", ""},
		{"not an archive", "the archive is broken", []byte("certificates"), "", ""},
		{"a key of another certificate", "do not match", archive(t, with(name+".key", string(strangeKey))), "", ""},
		{"a certificate of another key", "do not match", archive(t, with(name+".crt", string(strange))), "", ""},
		{"half a certificate", "has no complete certificate", archive(t, with(name+".crt", pem[:len(pem)/4])), "", ""},
		{"a certificate without its key", "do not match", archive(t, with(name+".key", "")), "", ""},
		{"a key without its certificate", "has no complete certificate", archive(t, with(name+".crt", "")), "", ""},
		{"a path outside the folder", "the archive holds something else: ", archive(t, with("caddy/../../evil", "x")), "", ""},
		{"a file elsewhere", "the archive holds something else: ", archive(t, with("/etc/evil", "x")), "", ""},
		{"a link", "the archive holds something else: ", archive(t, good, &tar.Header{Typeflag: tar.TypeSymlink, Name: "caddy/link", Linkname: "/etc"}), "", ""},
		{"too much", "its SHA-256 does not match", archive(t, with("caddy/large", strings.Repeat("x", 5<<20))), "", ""},
		{"expired", "skipping an expired certificate: " + elasticAddress + ".crt",
			archive(t, with(name+".crt", string(expired), name+".key", string(expiredKey))), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer two.empty(t)
			if c.sum == "" {
				c.sum = sum(c.copy)
			}
			p.copied(t, c.copy, c.sum)
			said, code := two.run([]string{c.env, "AWS_MAX_ATTEMPTS=1"}, "keep-certificates", "restore")
			lines := strings.Split(said, "\n")
			if i := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, c.want) }); code != 0 || i < 0 {
				t.Errorf("exit %d: %s", code, said)
			}
			if !two.held() || !strings.HasPrefix(lines[len(lines)-1], "keep-certificates: no certificate for "+elasticAddress+": ") {
				t.Errorf("the proxy would start: %s", said)
			}
			left, err := os.ReadDir(two.data(t))
			must(t, err)
			if c.name == "expired" {
				// The account at the certificate authority is still valid.
				if _, err := os.Stat(filepath.Join(two.data(t), "caddy/acme")); err != nil || len(lines) != 3 {
					t.Errorf("%v: %s", err, said)
				}
			} else if len(left) > 0 || len(lines) != 2 {
				t.Errorf("%v is left behind: %s", left, said)
			}
		})
	}
}
