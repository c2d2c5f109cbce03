//! How fast mails are written, on one core; `cargo bench --bench mail` prints it, the target is 5,000 a second. How fast they leave is a
//! scenario of `load`.

#![expect(clippy::expect_used, reason = "a bench that cannot begin has to fail")]
#![expect(clippy::cast_precision_loss, reason = "paces are told without a fraction")]

use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use criterion::{Criterion, Throughput};
use sojourn::app::definitions::shipped;
use sojourn::app::notices::Letter;
use sojourn::mail::samples::{Kind, samples};
use sojourn::mail::{Renderer, Sender};
use sojourn_engine::definition::Definition;

fn renderer() -> Renderer {
    let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
    Renderer::open(Sender { from, reply_to: None, host: "alliance.example".to_owned() }, None)
        .expect("the texts are sound")
}

/// The usual letter of every notice, in every language.
fn letters(renderer: &Renderer) -> Vec<Letter> {
    let definitions: Vec<_> =
        shipped().iter().map(|(_, source)| Arc::new(Definition::parse(source).expect("sound"))).collect();
    let usual = samples(&definitions).into_iter().filter(|sample| sample.kind == Kind::Usual);
    let in_each = |sample: sojourn::mail::samples::Sample| {
        renderer.templates().languages().map(move |language| {
            let mut letter = sample.letter.clone();
            language.clone_into(&mut letter.reader.language);
            letter
        })
    };
    usual.flat_map(in_each).collect()
}

fn rendering(criterion: &mut Criterion) {
    let renderer = renderer();
    let letters = letters(&renderer);
    let mut group = criterion.benchmark_group("mail");
    group.throughput(Throughput::Elements(letters.len() as u64)).sample_size(20);
    group.bench_function("all usual samples written", |bencher| {
        bencher.iter(|| {
            for letter in &letters {
                black_box(renderer.render(letter).expect("sound"));
            }
        });
    });
    group.finish();
    let begun = Instant::now();
    for letter in &letters {
        black_box(renderer.render(letter).expect("sound"));
    }
    let pace = letters.len() as f64 / begun.elapsed().as_secs_f64();
    measured("mails written, one core", letters.len(), &format!("{pace:.0} a second"));
}

/// Keeps one line of the table that `tests/long` writes.
fn measured(what: &str, count: usize, result: &str) {
    let line = serde_json::json!({ "what": what, "count": count, "seed": "", "result": result });
    println!("measured: {line}");
    if let Ok(path) = std::env::var("SOJOURN_MEASURED") {
        let mut file =
            std::fs::OpenOptions::new().append(true).create(true).open(path).expect("the file opens");
        writeln!(file, "{line}").expect("the line is written");
    }
}

fn main() {
    // `cargo test` only wants to know that it compiles and begins.
    if std::env::args().any(|argument| argument == "--test")
        || !std::env::args().any(|argument| argument == "--bench")
    {
        let renderer = renderer();
        let letter = letters(&renderer).pop().expect("a letter");
        black_box(renderer.render(&letter).expect("sound"));
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    rendering(&mut criterion);
    criterion.final_summary();
}
