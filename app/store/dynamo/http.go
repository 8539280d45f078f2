package dynamo

import (
	"io"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// httpClient sends the SDK's requests with bodies that are not read past their length. The SDK closes a request's body as
// soon as the answer begins; net/http may still be about to look for the body's end then, takes the closed body for a
// failed request, and cuts the connection with the answer half read. It happens when an answer is quicker than a goroutine
// is scheduled: with a DynamoDB on the same host, under load, a few times in a thousand.
type httpClient struct{ aws.HTTPClient }

// newTransport is what an httpClient sends with.
func newTransport() aws.HTTPClient {
	return awshttp.NewBuildableClient().
		WithTimeout(attemptTimeout).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 32 }).
		Freeze()
}

// Do implements aws.HTTPClient.
func (c httpClient) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.ContentLength > 0 {
		r = r.WithContext(r.Context()) // a copy: the SDK keeps its own request
		r.Body = &lengthReader{r.Body, r.ContentLength}
	}
	return c.HTTPClient.Do(r)
}

// close drops the connections that wait for another request.
func (c httpClient) close() {
	if idle, ok := c.HTTPClient.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
}

// lengthReader is at its end after so many bytes, and does not ask the reader for it.
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
