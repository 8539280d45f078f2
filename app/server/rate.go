package server

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// limits holds token buckets for the most recently seen keys: about 2 MB when full.
type limits[K comparable] struct {
	perMinute int
	buckets   *lru.Cache[K, *rate.Limiter]
}

const maxBuckets = 8192

func newLimits[K comparable](perMinute int) *limits[K] {
	buckets, err := lru.New[K, *rate.Limiter](maxBuckets)
	if err != nil {
		panic("server: " + err.Error()) // only for a size below 1
	}
	return &limits[K]{perMinute: perMinute, buckets: buckets}
}

// reserve takes one token, possibly a future one.
func (l *limits[K]) reserve(key K, now time.Time) *rate.Reservation {
	fresh := rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
	bucket, ok, _ := l.buckets.PeekOrAdd(key, fresh)
	if ok {
		l.buckets.Get(key) // marks it as recently used
	} else {
		bucket = fresh
	}
	return bucket.ReserveN(now, 1)
}

// take returns how long to wait; 0 means proceed.
func (l *limits[K]) take(key K, now time.Time) time.Duration {
	r := l.reserve(key, now)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}
