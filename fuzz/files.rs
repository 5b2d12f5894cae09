//! One fuzz target for each kind of file that comes from outside, all in one binary: it links once.
//! `FUZZ` chooses.
//!
//! A target must return; what it returns does not matter. Panics abort, but for those that
//! pairbench catches because a dependency has them.
#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::path::Path;
use std::sync::{LazyLock, OnceLock};

use burn::tensor::Device;
use libfuzzer_sys::fuzz_target;
use pairbench::benchmark::{Benchmark, quickstart};
use pairbench::checkpoint::{Precision, Weights};
use pairbench::commands::compare::{CompareRequest, compare};
use pairbench::commands::report::{ReportFormat, ReportRequest, report};
use pairbench::comparison::gate;
use pairbench::data;
use pairbench::data::ColumnMap;
use pairbench::data::Item;
use pairbench::data::Message;
use pairbench::data::answer_line::{AnswerLine, AnswersOf};
use pairbench::kernels::cpu::int8::Outliers;
use pairbench::kernels::relative_positions::RelativeRows;
use pairbench::model::{ModelConfig, Parameters, TransformerConfig};
use pairbench::report::Format;
use pairbench::scoring;
use pairbench::scoring::journal;
use pairbench::text::chat_template::ChatTemplate;
use pairbench::text::contract::{InputContract, PairContract};
use pairbench::text::{Side, Tokenizer};

/// As in pairbench, a lack of memory ends the process; with the exit code by which libFuzzer knows
/// one, so that `-ignore_ooms=1` goes on.
struct Allocator;

// SAFETY: all calls are the system's; what differs is that a null pointer ends the process.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        found(unsafe { System.alloc(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        found(unsafe { System.realloc(memory, layout, size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn found(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(71) }
    }
    memory
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// What is done with the bytes, in a directory of its own.
type Target = fn(&Path, &[u8]);

/// By name; each has a directory of seeds of the same name.
const TARGETS: [(&str, Target); 14] = [
    ("answers", answers),
    ("chat-template", chat_template),
    ("config", config),
    ("csv", |dir, data| pairs(dir, "x.csv", data)),
    ("json", |dir, data| pairs(dir, "x.jsonl", data)),
    ("journal", journal_lines),
    ("parquet", |dir, data| pairs(dir, "x.parquet", data)),
    ("results", results),
    ("run", run),
    ("safetensors", safetensors),
    ("sentencepiece", |dir, data| {
        tokenizer(dir, "spm.model", data)
    }),
    ("text", text),
    ("tokenizer", |dir, data| {
        tokenizer(dir, "tokenizer.json", data)
    }),
    ("toml", toml),
];

static TARGET: OnceLock<Target> = OnceLock::new();

thread_local!(
    static DIR: RefCell<tempfile::TempDir> =
        RefCell::new(tempfile::tempdir().expect("a directory"))
);

fuzz_target!(
    init: {
        let names = TARGETS.map(|(name, _)| name).join(", ");
        let wanted = std::env::var("FUZZ").unwrap_or_default();
        let found = TARGETS.iter().find(|(name, _)| *name == wanted);
        let _ = TARGET.set(found.unwrap_or_else(|| panic!("set FUZZ to one of: {names}")).1);
    },
    |data: &[u8]| DIR.with_borrow(|dir| TARGET.get().expect("set above")(dir.path(), data))
);

fn file(dir: &Path, name: &str, data: &[u8]) -> std::path::PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, data).expect("a file");
    path
}

fn safetensors(dir: &Path, data: &[u8]) {
    file(dir, "model.safetensors", data);
    let open = || Weights::open(&dir.into(), &Device::flex());
    let Ok(weights) = open() else { return };
    let _ = weights.parameters();
    for precision in [
        Precision::F32,
        Precision::F16Storage,
        Precision::Int8(Outliers::ByRow),
    ] {
        let Ok(weights) = open() else { return };
        let mut weights = weights.with_precision(precision);
        let _ = (
            weights.tensor("a", [1]).is_ok(),
            weights.tensor("b", [2, 1]).is_ok(),
            weights.table("c", [2, 2]).is_ok(),
            weights.matrix("d", [2, 4]).is_ok(),
        );
        let _ = weights.finish();
    }
}

fn config(_: &Path, data: &[u8]) {
    let Ok(config) = std::str::from_utf8(data)
        .map_err(drop)
        .and_then(|text| ModelConfig::parse(text, Path::new("config.json")).map_err(drop))
    else {
        return;
    };
    let _ = config.head.positions(&[3, 0, 1, 2]);
    if let TransformerConfig::Deberta(encoder) = &config.transformer
        && let Some(relative) = &encoder.relative
    {
        let _ = RelativeRows::new(relative, 600).within(7);
    }
}

fn tokenizer(dir: &Path, name: &str, data: &[u8]) {
    static CONFIG: LazyLock<ModelConfig> = LazyLock::new(|| {
        let text = quickstart::checkpoint("quickstart/pairrm")
            .and_then(|home| home.file("config.json"))
            .expect("embedded");
        ModelConfig::parse(&String::from_utf8_lossy(text), Path::new("config.json")).expect("valid")
    });
    file(dir, name, data);
    let Ok((tokenizer, _)) = Tokenizer::load(&dir.into()) else {
        return;
    };
    let _ = pairbench::checkpoint::check_tokenizer(&tokenizer, &CONFIG, dir);
    for text in [
        "",
        "a b  ab",
        "né\u{301} 漢字\u{200d}🙂\n",
        "<|source|>[CLS]x",
    ] {
        let _ = tokenizer.segment(text, 4, Side::Right);
        let _ = tokenizer.round_trip(text, 4, Side::Left);
    }
}

/// A template, and after U+001F a text that it is given.
fn chat_template(_: &Path, data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (template, content) = text
        .split_once('\u{1f}')
        .unwrap_or((&text, "a <|im_end|> b"));
    let Ok(template) = ChatTemplate::of_text(template) else {
        return;
    };
    let turns = [
        ("user", content),
        ("assistant", " b \n"),
        ("user", ""),
        ("assistant", content),
    ];
    let messages = turns.map(|(role, content)| Message::new(role, content));
    for count in [0, 2, 4] {
        let _ = template.render(&messages[..count]);
    }
}

fn pairs(dir: &Path, name: &str, data: &[u8]) {
    let _ = data::load(
        &[file(dir, name, data).as_path().into()],
        &ColumnMap::default(),
    );
}

/// A line of `rank` or `score`.
fn answers(_: &Path, data: &[u8]) {
    for kind in [AnswersOf::Rank, AnswersOf::Score] {
        let _ = AnswerLine::parse(data, kind).content.is_ok();
    }
}

fn toml(dir: &Path, data: &[u8]) {
    let path = file(dir, "x.toml", data).display().to_string();
    if let Ok(benchmark) = Benchmark::find(&path) {
        let tallies = benchmark
            .subsets
            .keys()
            .map(|name| (name.clone(), pairbench::metrics::Tally::default()))
            .collect();
        let _ = pairbench::metrics::Scores::new(&tallies, Some(&benchmark));
    }
    let _ = gate::rules(&[path, String::from_utf8_lossy(data).into_owned()]);
}

/// After a good first line where the first byte is even: chance finds no line with a plan's own
/// fingerprint.
fn journal_lines(_: &Path, data: &[u8]) {
    const GOOD: &[u8] = include_bytes!("journal/header.jsonl");
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let bytes = if first % 2 == 0 {
        [GOOD, rest].concat()
    } else {
        rest.to_vec()
    };
    let _ = journal::parse(&bytes, Path::new("journal.jsonl"));
}

/// The first byte chooses which file of a good run is replaced.
fn results(dir: &Path, data: &[u8]) {
    let _ = scoring::imported::read(&file(dir, "samples_x.jsonl", data));
}

fn run(dir: &Path, data: &[u8]) {
    const GOOD: [(&str, &[u8]); 3] = [
        ("run.json", include_bytes!("run/run.json")),
        ("summary.json", include_bytes!("run/summary.json")),
        ("verdicts.parquet", include_bytes!("run/verdicts.parquet")),
    ];
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    for (at, (name, good)) in GOOD.into_iter().enumerate() {
        file(
            dir,
            name,
            if at == usize::from(*first) % GOOD.len() {
                rest
            } else {
                good
            },
        );
    }
    for format in [Format::Table, Format::Junit] {
        let _ = report(&ReportRequest {
            runs: vec![dir.as_os_str().to_owned()],
            format: ReportFormat::Printed(format),
            out: None,
            published: None,
        });
    }
    let side = dir.display().to_string();
    let _ = compare(&CompareRequest {
        allow_partial: true,
        baseline: side.clone(),
        candidate: side,
        gates: vec![
            "drop:subset:*:0.01".to_owned(),
            "max-position-bias:0.5".to_owned(),
        ],
        strict: true,
        flips: Some(5),
        format: Format::Markdown,
    });
}

/// Prompt, answers and further turns, apart by U+001F.
fn text(_: &Path, data: &[u8]) {
    static PARTS: LazyLock<(Tokenizer, ModelConfig)> = LazyLock::new(|| {
        let home = pairbench::support::input_file::Directory::Embedded(
            quickstart::checkpoint("quickstart/pairrm").expect("embedded"),
        );
        let config = ModelConfig::parse(
            &home.file("config.json").text().expect("embedded"),
            Path::new("config.json"),
        )
        .expect("valid");
        (Tokenizer::load(&home).expect("valid").0, config)
    });
    let text = String::from_utf8_lossy(data);
    let mut parts = text.split('\u{1f}').map(ToOwned::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    let (chosen, rejected, mut prompt) = (next(), next(), vec![Message::new("user", &next())]);
    for (at, turn) in parts.enumerate() {
        prompt.push(Message::new(["assistant", "user"][at % 2], &turn));
    }
    let pairs = [Item {
        row: 0,
        subset: String::new(),
        id: None,
        prompt,
        chosen: chosen.into(),
        rejected: rejected.into(),
        is_tie: false,
        comparisons: pairbench::data::Comparisons::default(),
    }];
    let (tokenizer, config) = &*PARTS;
    for template in PairContract::ALL.map(InputContract::Pairwise) {
        let prepared = scoring::prepare(&pairs, template, tokenizer, config)
            .expect("a valid tokenizer fails on no text");
        let rows = prepared[0]
            .token_rows()
            .filter(|_| !prepared[0].is_unscorable());
        let is_sound = |row| config.input_row(row).is_ok_and(|row| row.len() <= 3400);
        assert!(rows.is_none_or(|rows| rows.into_iter().all(is_sound)));
    }
}
