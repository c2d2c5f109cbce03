//! What the process says of itself: lines of text or JSON on standard error, traces to a collector, numbers for Prometheus.
//!
//! Spans are named `floor.resource.verb`; they carry ids, never names, addresses or secrets.

use std::error::Error;
use std::io::IsTerminal;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{Log, Watch};

/// Seconds by which requests are told apart: from a look-up by key to a report over everything.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

static TRACES: OnceLock<SdkTracerProvider> = OnceLock::new();
static NUMBERS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts the log of the process, and its traces where a collector is named; a second call changes nothing.
///
/// # Errors
/// One line that names the setting that cannot be.
pub fn start(log: &Log, watch: &Watch) -> Result<(), Box<dyn Error + Send + Sync>> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|fault| format!("log.filter: {fault}"))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let lines = if log.json { lines.json().flatten_event(true).boxed() } else { lines.boxed() };
    let traces = match &watch.otlp {
        Some(url) => {
            let provider = provider(url, watch.traced).map_err(|fault| format!("watch.otlp: {fault}"))?;
            let tracer = provider.tracer("sojourn");
            let _ = TRACES.set(provider);
            Some(tracing_opentelemetry::layer().with_tracer(tracer))
        }
        None => None,
    };
    let _ = tracing_subscriber::registry().with(filter).with(lines).with(traces).try_init();
    Ok(())
}

fn provider(url: &str, traced: f64) -> Result<SdkTracerProvider, opentelemetry_otlp::ExporterBuildError> {
    // The client of the exporter wants to be told; a second time changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", url.trim_end_matches('/')))
        .build()?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(traced)));
    let resource = Resource::builder().with_service_name("sojourn").build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(resource)
        .build())
}

/// Sends what traces are left; for the end of the process.
pub fn end() {
    if let Some(fault) = TRACES.get().and_then(|traces| traces.shutdown().err()) {
        tracing::warn!(%fault, "the last traces could not be sent");
    }
}

/// The numbers of the process; counting begins with the first call.
///
/// # Errors
/// Another recorder that was there before.
pub fn numbers() -> Result<&'static PrometheusHandle, Box<dyn Error + Send + Sync>> {
    if let Some(numbers) = NUMBERS.get() {
        return Ok(numbers);
    }
    let builder = PrometheusBuilder::new();
    let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
    let handle = builder.install_recorder()?;
    Ok(NUMBERS.get_or_init(|| handle))
}
