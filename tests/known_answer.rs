//! The one published number of the real weights: logits in the conversion notebook of
//! `llm-blender/PairRM-hf`, from the model card's own input, in the order A, B, in f32.

use burn::tensor::Device;
use pairbench::checkpoint::{ModelSpec, Precision, Weights};
use pairbench::model::{ModelConfig, RewardModel, TokenRows};
use pairbench::support::hub::Hub;
use pairbench::text::{Side, Tokenizer};

/// What the reference's f32 and ours may differ by.
const TOLERANCE: f32 = 1e-4;
/// The card's truncation: a source's ids, and a candidate's beside a full source.
const SOURCE_MAX: usize = 1224;
const CANDIDATE_MAX: usize = 412;

/// Source, candidate A, candidate B, logit.
const PUBLISHED: [(&str, &str, &str, f32); 2] = [
    ("hello!", "hi!", "f**k off!", 1.900_302_2),
    (
        "I love you!",
        "I hate you!",
        "I love you, too!",
        -1.254_713_4,
    ),
];

#[test]
#[ignore = "needs the weights of llm-blender/PairRM-hf in the hub's cache: \
            cargo test --release --test known_answer -- --ignored"]
fn the_real_weights_give_the_published_logits() {
    let spec: ModelSpec = "llm-blender/PairRM-hf".parse().unwrap();
    let found = spec.resolve(&Hub::new(true), None);
    let files = found
        .expect("a snapshot of llm-blender/PairRM-hf in the hub's cache")
        .files;
    let file = files.file("config.json");
    let config = ModelConfig::parse(&file.text().unwrap(), &file.path()).unwrap();
    let (tokenizer, _) = Tokenizer::load(&files).unwrap();
    let mut weights = Weights::open(&files, &Device::flex())
        .unwrap()
        .with_precision(Precision::F32);
    let model = RewardModel::load(&mut weights, &config).unwrap();
    weights.finish().unwrap();

    for (source, a, b, expected) in PUBLISHED {
        let row = card_row(&tokenizer, source, a, b);
        let positions = [config.head.positions(&row).unwrap()];
        let logits: Vec<f32> = model
            .logits(&TokenRows::new([row.as_slice()]), &positions)
            .into_data()
            .try_to_vec()
            .unwrap();
        assert!(
            (logits[0] - expected).abs() < TOLERANCE,
            "{source}: {} instead of {expected}",
            logits[0]
        );
    }
}

/// The model card's `tokenize_pair`: raw texts behind their markers, without the instruction and
/// the labels that rewardbench puts around them.
fn card_row(tokenizer: &Tokenizer, source: &str, a: &str, b: &str) -> Vec<u32> {
    let segment = |text: String, max: usize| tokenizer.segment(&text, max, Side::Right).unwrap().0;
    let mut row = segment(format!("<|source|>{source}"), SOURCE_MAX);
    let budget = (SOURCE_MAX + 2 * CANDIDATE_MAX - row.len()) / 2;
    row.extend(segment(format!("<|candidate1|>{a}"), budget));
    row.extend(segment(format!("<|candidate2|>{b}"), budget));
    row
}
