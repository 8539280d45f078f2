package dynamo

import (
	"io"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// httpClient never reads a request body past its length. The SDK closes the body as soon as the answer begins. If net/http
// then still looks for the end of the body, it takes the closed body for a failed request and drops the connection in the
// middle of the answer. This happens if the answer arrives before a goroutine is scheduled: a few times in a thousand, with a
// DynamoDB on the same host and under load.
type httpClient struct{ aws.HTTPClient }

// newTransport returns the transport of an httpClient.
func newTransport(wait timeouts) aws.HTTPClient {
	return awshttp.NewBuildableClient().
		WithTimeout(wait.attempt).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = wait.dial }).
		WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 32 }).
		Freeze()
}

// Do implements aws.HTTPClient.
func (c httpClient) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.ContentLength > 0 {
		r = r.WithContext(r.Context()) // a copy: the SDK keeps using its own request
		r.Body = &lengthReader{r.Body, r.ContentLength}
	}
	return c.HTTPClient.Do(r)
}

// close drops idle connections.
func (c httpClient) close() {
	if idle, ok := c.HTTPClient.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
}

// lengthReader ends after a number of bytes, without reading on until EOF.
type lengthReader struct {
	io.ReadCloser
	left int64
}

func (r *lengthReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.ReadCloser.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}
