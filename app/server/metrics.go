package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

type metrics struct {
	registry     *prometheus.Registry
	duration     *prometheus.HistogramVec
	inFlight     prometheus.Gauge
	throttled    prometheus.Counter
	storeErrors  *prometheus.CounterVec
	probesFailed prometheus.Counter
}

func newMetrics(version string, service *vault.Service) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vaultsphere_http_request_duration_seconds", Help: "Time to answer a request; for an event stream, to open it. Its count is the number of requests.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vaultsphere_http_requests_in_flight", Help: "Requests being answered.",
		}),
		throttled: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vaultsphere_throttled_total", Help: "Requests rejected after too many attempts.",
		}),
		storeErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vaultsphere_store_errors_total", Help: "Requests that failed because of the store.",
		}, []string{"code"}),
		probesFailed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vaultsphere_store_probe_failures_total", Help: "Failed probes of the store, at most one in 30 s; after two in a row /ready answers 503.",
		}),
	}
	queue := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "vaultsphere_password_hash_queue", Help: "Requests running or waiting for password hashing.",
	}, func() float64 { return float64(service.HashQueue()) })
	streams := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "vaultsphere_event_streams", Help: "Open event streams; they also count as requests in flight.",
	}, func() float64 { return float64(service.Watches()) })
	feedAge := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "vaultsphere_change_feed_age_seconds", Help: "Time since the change feed was read, which is every second while there are event streams; 0 without.",
	}, func() float64 { return service.FeedAge().Seconds() })
	audit := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "vaultsphere_audit_failures_total", Help: "Events that are missing in the audit trail, or on standard output.",
	}, func() float64 { return float64(service.AuditFailures()) })
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "vaultsphere_build_info", Help: "Always 1; the label has the version.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	for _, code := range []protocol.Code{protocol.CodeStorageUnavailable, protocol.CodeStorageFull} {
		m.storeErrors.WithLabelValues(string(code)) // an alert on a rate needs a sample of zero before the first error
	}
	m.registry.MustRegister(m.duration, m.inFlight, m.throttled, m.storeErrors, m.probesFailed, queue, streams, feedAge, audit, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	m.duration.WithLabelValues(methodName(method), route, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) failed(code protocol.Code) {
	switch code {
	case protocol.CodeThrottled:
		m.throttled.Inc()
	case protocol.CodeStorageUnavailable, protocol.CodeStorageFull:
		m.storeErrors.WithLabelValues(string(code)).Inc()
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
