package media

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// sign adds an AWS signature of version 4 to a request without a query, whose
// path needs no escape.
func (b *Bucket) sign(r *http.Request, body []byte) {
	signed := "host;x-amz-content-sha256;x-amz-date"
	now := b.Now().UTC()
	moment, day := now.Format("20060102T150405Z"), now.Format("20060102")
	digest := hexDigest(body)
	r.Header.Set("X-Amz-Date", moment)
	r.Header.Set("X-Amz-Content-Sha256", digest)

	headers := "host:" + r.URL.Host + "\nx-amz-content-sha256:" + digest + "\nx-amz-date:" + moment + "\n"
	if kind := r.Header.Get("Content-Type"); kind != "" {
		signed, headers = "content-type;"+signed, "content-type:"+kind+"\n"+headers
	}
	request := strings.Join([]string{r.Method, r.URL.EscapedPath(), "", headers, signed, digest}, "\n")
	scope := day + "/" + b.Region + "/s3/aws4_request"
	text := strings.Join([]string{"AWS4-HMAC-SHA256", moment, scope, hexDigest([]byte(request))}, "\n")

	key := []byte("AWS4" + b.SecretKey)
	for _, part := range []string{day, b.Region, "s3", "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+b.AccessKey+"/"+scope+
		",SignedHeaders="+signed+",Signature="+hex.EncodeToString(key))
}

func hexDigest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
