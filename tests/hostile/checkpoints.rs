//! Checks 1 to 4: safetensors files, accounting of tensors, weights that are no numbers, dtypes.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use safetensors::Dtype;

use crate::tools::{Bench, MEGABYTE, distance, logits, quickstart_pairs, write};

/// A file with this header, whatever it claims.
fn file(header: &str, data: usize) -> Vec<u8> {
    [
        &(header.len() as u64).to_le_bytes(),
        header.as_bytes(),
        &vec![0; data],
    ]
    .concat()
}

/// Entries of a header, of 8 bytes of data.
fn entries(entries: &[&str]) -> Vec<u8> {
    file(&format!("{{{}}}", entries.join(",")), 8)
}

const A: &str = r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
const B: &str = r#""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#;

/// Contents of `model.safetensors` that are not a checkpoint's, each by its name.
fn contents(whole: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let one = |entry: &str| entries(&[entry]);
    let tensor = |shape: &str, offsets: &str| {
        entries(&[&format!(
            r#""a":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}"#
        )])
    };
    let longer = |by: &[u8]| [whole, by].concat();
    let size = |n: u64| [&n.to_le_bytes()[..], b"{}"].concat();
    vec![
        ("empty", Vec::new()),
        ("one byte", vec![7]),
        ("seven bytes", vec![0; 7]),
        ("no header", vec![0; 8]),
        ("header of 2^64 - 1 bytes", size(u64::MAX)),
        ("header of 2^63 bytes", size(1 << 63)),
        ("header longer than the file", size(3)),
        ("header above the format's limit", size(100_000_001)),
        ("cut in the header", whole[..100].to_vec()),
        ("cut in the data", whole[..whole.len() - 1].to_vec()),
        ("cut to half", whole[..whole.len() / 2].to_vec()),
        ("a byte behind the data", longer(&[0])),
        (
            "another file behind the data",
            longer(b"PK\x03\x04 and an archive"),
        ),
        (
            "overlap",
            entries(&[A, r#""b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#]),
        ),
        (
            "hole",
            entries(&[r#""a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#]),
        ),
        ("negative offset", tensor("[1]", "[-4,0]")),
        ("offset that is no integer", tensor("[1]", "[0,4.5]")),
        ("offset of 2^64", tensor("[1]", "[0,18446744073709551616]")),
        (
            "offset of 2^64 - 1",
            tensor("[1]", "[0,18446744073709551615]"),
        ),
        ("offsets in reverse", tensor("[1]", "[8,4]")),
        ("three offsets", tensor("[1]", "[0,4,8]")),
        (
            "shape whose product overflows",
            tensor("[4294967296,4294967296,2]", "[0,8]"),
        ),
        (
            "shape whose bytes overflow",
            tensor("[4611686018427387904]", "[0,8]"),
        ),
        ("negative shape", tensor("[-2]", "[0,8]")),
        ("shape of other bytes", tensor("[3]", "[0,8]")),
        (
            "tensor without values",
            entries(&[
                A,
                B,
                r#""z":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}"#,
            ]),
        ),
        (
            "shape that is empty beyond 2^64",
            entries(&[
                A,
                B,
                concat!(
                    r#""z":{"dtype":"F32","shape":[0,9223372036854775808,9223372036854775808],"#,
                    r#""data_offsets":[8,8]}"#
                ),
            ]),
        ),
        ("one name twice, one place", entries(&[A, A, B])),
        (
            "one name twice, two places",
            entries(&[
                A,
                B,
                r#""a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#,
            ]),
        ),
        (
            "unknown dtype",
            one(r#""a":{"dtype":"F128","shape":[1],"data_offsets":[0,8]}"#),
        ),
        (
            "half a byte",
            entries(&[r#""a":{"dtype":"F4","shape":[1],"data_offsets":[0,8]}"#]),
        ),
        ("no dtype", one(r#""a":{"shape":[1],"data_offsets":[0,8]}"#)),
        (
            "metadata that is no text",
            one(r#""__metadata__":{"a":{"b":1}}"#),
        ),
        (
            "header that is no UTF-8",
            [&3u64.to_le_bytes()[..], b"{\xff}"].concat(),
        ),
        ("header that is no JSON", file("{nothing}", 0)),
        ("header that is a list", file("[1,2]", 0)),
        (
            "header that is nested",
            file(&format!("{{\"a\":{}", "[".repeat(200_000)), 0),
        ),
        ("header with NUL behind it", file("{}\0\0\0\0", 0)),
        (
            "a name that writes to the terminal",
            one("\"\\u001b]0;x\\u0007\\n::error::\\u202e\":\
             {\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"),
        ),
        (
            "a web page",
            b"<!DOCTYPE html><title>Log in</title>".to_vec(),
        ),
        (
            "a Git LFS pointer",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec(),
        ),
        (
            "a pickle",
            b"\x80\x02cos\nsystem\nq\x00X\x04\x00\x00\x00exitq\x01\x85q\x02Rq\x03.".to_vec(),
        ),
    ]
}

#[test]
fn damaged_weights_are_refused_in_bounded_time_and_memory() {
    let bench = Bench::new();
    let path = bench.model("model.safetensors");
    let whole = fs::read(&path).unwrap();
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    let contents = contents(&whole);
    assert!(contents.len() >= 40);
    for (case, bytes) in contents {
        fs::write(&path, &bytes).unwrap();
        let done = bench.run(&[]);
        done.refused(case, 4, "model.safetensors");
        assert!(
            done.err
                .lines()
                .any(|line| line.starts_with("error: ") && line.contains(path.to_str().unwrap())),
            "{case}: {}",
            done.err
        );
        done.within(case, &baseline, bytes.len() as u64 + 64 * MEGABYTE);
    }
}

/// As large as the format allows: valid JSON, of one long text and of as many tensors as fit.
#[test]
fn a_header_of_100_megabytes_takes_no_memory() {
    let bench = Bench::new();
    let path = bench.model("model.safetensors");
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    let size = 99_999_984_u64;
    let mut out = std::io::BufWriter::new(File::create(&path).unwrap());
    out.write_all(&size.to_le_bytes()).unwrap();
    out.write_all(b"{").unwrap();
    for at in 0.. {
        let entry = format!(r#""{at:07}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}},"#);
        if (at + 2) * entry.len() as u64 + 200 > size {
            break;
        }
        out.write_all(entry.as_bytes()).unwrap();
    }
    out.write_all(br#""z":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#)
        .unwrap();
    out.flush().unwrap();
    let file = out.into_inner().unwrap();
    let written = file.metadata().unwrap().len();
    drop(file);
    let mut padded = fs::OpenOptions::new().append(true).open(&path).unwrap();
    padded
        .write_all(
            " ".repeat(usize::try_from(size + 8 - 1 - written).unwrap())
                .as_bytes(),
        )
        .unwrap();
    padded.write_all(b"}").unwrap();
    let done = bench.run(&[]);
    done.refused("many tensors", 4, "accepted: up to");
    done.within("many tensors", &baseline, 64 * MEGABYTE);
}

/// What is not a file, and what is not there.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_and_never_waited_for() {
    use std::os::unix::fs::symlink;
    type Make = fn(&Path);
    let bench = Bench::new();
    let cases: [(&str, i32, Make); 6] = [
        ("directory", 4, |path| fs::create_dir(path).unwrap()),
        ("pipe", 4, |path| {
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
        ("device", 4, |path| symlink("/dev/zero", path).unwrap()),
        ("dangling link", 5, |path| {
            symlink("/no/such/file", path).unwrap();
        }),
        ("link to itself", 5, |path| symlink(path, path).unwrap()),
        ("nothing", 5, |_| {}),
    ];
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    for name in ["model.safetensors", "config.json", "tokenizer.json"] {
        let path = bench.model(name);
        let whole = fs::read(&path).unwrap();
        for (case, code, make) in cases {
            fs::remove_file(&path).unwrap();
            make(&path);
            let done = bench.run(&[]);
            done.refused(
                &format!("{name}: {case}"),
                code,
                bench.path("model").to_str().unwrap(),
            );
            done.within(case, &baseline, 0);
            if path.is_dir() {
                fs::remove_dir(&path).unwrap();
            } else if path.symlink_metadata().is_ok() {
                fs::remove_file(&path).unwrap();
            }
            fs::write(&path, &whole).unwrap();
        }
    }
    bench.run(&[]).succeeded("as it was");
}

const LAST: &str = "head_layer.4.weight";

#[test]
fn every_tensor_is_accounted_for() {
    let refused = |case: &str, edit: fn(&mut Vec<crate::tools::Weight>), says: &str| {
        let bench = Bench::new();
        bench.weights(edit);
        bench.run(&[]).refused(case, 4, says);
    };
    refused(
        "one removed",
        |w| w.retain(|w| w.name != LAST),
        "no tensor `head_layer.4.weight`",
    );
    refused(
        "one renamed",
        |w| {
            w.iter_mut()
                .filter(|w| w.name == LAST)
                .for_each(|w| w.name += "s");
        },
        "no tensor `head_layer.4.weight`",
    );
    refused(
        "one added",
        |w| w.extend(copy(w, LAST, "value_head.weight")),
        "no place for: `value_head.weight`",
    );
    refused(
        "empty ones added",
        |w| {
            w.extend(copy(w, LAST, "nothing").map(|w| crate::tools::Weight {
                shape: vec![0, 7],
                bytes: Vec::new(),
                ..w
            }));
        },
        "no place for: `nothing`",
    );
    let bench = Bench::new();
    bench.weights(|w| w.extend(copy(w, LAST, "pretrained_model.embeddings.position_ids")));
    bench.run(&[]).succeeded("a known buffer");
}

#[test]
fn names_of_wrappers_and_of_tensorflow_are_those_of_the_model() {
    let as_published = Bench::new().run(&[]).succeeded("as published").out;
    let legacy = |name: &str| {
        name.replace("LayerNorm.weight", "LayerNorm.gamma")
            .replace("LayerNorm.bias", "LayerNorm.beta")
    };
    for prefix in ["", "module.", "_orig_mod.", "module._orig_mod."] {
        let bench = Bench::new();
        bench.weights(|weights| {
            let renamed = weights.iter().filter(|w| legacy(&w.name) != w.name).count();
            assert!(renamed > 3, "{renamed}");
            for weight in weights {
                weight.name = format!("{prefix}{}", legacy(&weight.name));
            }
        });
        let found = bench.run(&[]).succeeded(prefix).out;
        let figures = |printed: &str| printed.split_once("\nmeasured with").unwrap().0.to_owned();
        assert_eq!(figures(&found), figures(&as_published), "{prefix}");
    }

    let bench = Bench::new();
    bench.weights(|weights| {
        for weight in weights.iter_mut().skip(1) {
            weight.name = format!("module.{}", weight.name);
        }
    });
    bench.run(&[]).refused(
        "a prefix of all but one",
        4,
        "only where all tensors have them",
    );

    let bench = Bench::new();
    bench.weights(|weights| {
        let modern = "embeddings.LayerNorm.weight";
        let name = weights.iter().find(|w| w.name.ends_with(modern)).unwrap();
        let (name, twin) = (name.name.clone(), legacy(&name.name));
        weights.extend(copy(weights, &name, &twin));
    });
    bench
        .run(&[])
        .refused("two tensors for one parameter", 4, "are both the parameter");
}

fn copy(weights: &[crate::tools::Weight], name: &str, to: &str) -> Option<crate::tools::Weight> {
    let from = weights.iter().find(|w| w.name == name)?;
    Some(crate::tools::Weight {
        name: to.to_owned(),
        dtype: from.dtype,
        shape: from.shape.clone(),
        bytes: from.bytes.clone(),
    })
}

#[test]
fn shards_that_contradict_each_other_are_refused() {
    let sharded = |map: serde_json::Value| {
        let bench = Bench::new();
        fs::rename(
            bench.model("model.safetensors"),
            bench.model("a.safetensors"),
        )
        .unwrap();
        fs::copy(bench.model("a.safetensors"), bench.model("b.safetensors")).unwrap();
        write(
            &bench.model("model.safetensors.index.json"),
            serde_json::json!({ "weight_map": map }).to_string(),
        );
        bench.run(&[])
    };
    sharded(serde_json::json!({ "x": "a.safetensors" })).succeeded("one shard");
    sharded(serde_json::json!({ "x": "a.safetensors", "y": "b.safetensors" })).refused(
        "all tensors twice",
        4,
        "is in two files",
    );
    sharded(serde_json::json!({ "x": "c.safetensors" })).refused(
        "shard that is not there",
        5,
        "c.safetensors",
    );
    for name in [
        "../model/a.safetensors",
        "/etc/passwd",
        "a\\b",
        "..",
        "a\nb",
        "",
        "sub/a.safetensors",
    ] {
        sharded(serde_json::json!({ "x": name })).refused(&format!("{name:?}"), 4, "weight_map");
    }
    for map in [
        serde_json::json!({}),
        serde_json::json!([]),
        serde_json::json!(null),
        serde_json::json!({ "x": 1 }),
    ] {
        sharded(map.clone()).refused(&map.to_string(), 4, "weight_map");
    }
}

fn cast(weights: &mut [crate::tools::Weight], to: Dtype) {
    for weight in weights {
        weight.cast(to);
    }
}

#[test]
fn weights_that_are_no_numbers_are_named_with_their_index() {
    let places = [
        (LAST, 0),
        (LAST, 41),
        ("pretrained_model.embeddings.word_embeddings.weight", 70_001),
        ("pretrained_model.encoder.layer.1.output.LayerNorm.bias", 63),
    ];
    for dtype in [Dtype::F16, Dtype::BF16, Dtype::F32, Dtype::F64] {
        for (name, at) in places {
            let bench = Bench::new();
            bench.weights(|weights| {
                cast(weights, dtype);
                let weight = weights.iter_mut().find(|w| w.name == name).unwrap();
                let size = dtype.bitsize() / 8;
                // All bits: a NaN in every format.
                weight.bytes[at * size..(at + 1) * size].fill(0xff);
            });
            bench.run(&[]).refused(
                name,
                4,
                &format!("tensor `{name}`: value NaN at index {at} is not finite"),
            );
        }
    }
    let infinite = Bench::new();
    infinite.weights(|weights| {
        cast(weights, Dtype::F64);
        let weight = weights.iter_mut().find(|w| w.name == LAST).unwrap();
        weight.bytes[16..24].copy_from_slice(&(-1e39_f64).to_le_bytes());
    });
    infinite
        .run(&[])
        .refused("beyond f32", 4, "value -inf at index 2 is not finite");
    infinite.run(&["--allow-nonfinite-weights"]).code_is_usage();
}

/// f32 holds them.
#[test]
fn weights_that_f16_cannot_hold_are_refused() {
    let filled = |value: f32, count: usize| {
        let bench = Bench::new();
        bench.weights(|weights| {
            cast(weights, Dtype::F32);
            let last = weights.iter_mut().find(|w| w.name == LAST).unwrap();
            let count = count.min(last.bytes.len() / 4);
            last.bytes[..4 * count].copy_from_slice(&value.to_le_bytes().repeat(count));
        });
        bench
    };
    for (value, count, says) in [
        (-65_520.0, 1, "as f16, value -65520 at index 0 is infinite"),
        (1e-9, usize::MAX, "as f16, all values are zero"),
    ] {
        let bench = filled(value, count);
        for dtype in ["f16", "int8", "int8-affine"] {
            let done = bench.run(&["--dtype", dtype]);
            done.refused(dtype, 4, &format!("tensor `{LAST}`: {says}"));
            assert!(done.err.contains("`--dtype f32`"), "{}", done.err);
        }
        bench.run(&["--dtype", "f32"]).succeeded("f32");
    }
    for (value, count) in [(65_519.0, 1), (1e-9, 1)] {
        let bench = filled(value, count);
        bench.run(&["--dtype", "f16"]).succeeded("in range");
    }
}

impl crate::tools::Done {
    #[track_caller]
    fn code_is_usage(&self) {
        assert_eq!(self.code, 2, "{}", self.err);
    }
}

/// The quickstart's weights are f16: other formats hold the same values, and bf16 those that it
/// rounds to.
#[test]
fn a_dtype_changes_no_verdict_but_by_its_rounding() {
    let of = |case: &str, cast: &dyn Fn(usize, &mut crate::tools::Weight)| {
        let bench = Bench::new();
        bench.weights(|weights| {
            weights
                .iter_mut()
                .enumerate()
                .for_each(|(at, w)| cast(at, w));
        });
        let data = quickstart_pairs(&bench.path("quickstart.jsonl"), 60);
        let said = bench.run(&[]).succeeded(case).err;
        (logits(&bench.verdicts(&data, &[])), said)
    };
    let (f32s, said) = of("f32", &|_, w| w.cast(Dtype::F32));
    assert!(f32s.len() == 60 && !said.contains("rounded"), "{said}");
    for (case, dtypes) in [
        ("f16", [Dtype::F16; 2]),
        ("mixed", [Dtype::F16, Dtype::F32]),
        ("f64", [Dtype::F64; 2]),
    ] {
        let (found, said) = of(case, &|at, w| w.cast(dtypes[at % 2]));
        assert!(
            distance(&f32s, &found) < 1e-5,
            "{case}: {}",
            distance(&f32s, &found)
        );
        assert_eq!(
            said.contains("M: its f64 weights are rounded to f32"),
            case == "f64",
            "{said}"
        );
    }
    let round = |w: &mut crate::tools::Weight| {
        w.cast(Dtype::BF16);
        w.dtype = Dtype::F32;
        w.bytes = w
            .bytes
            .as_chunks::<2>()
            .0
            .iter()
            .flat_map(|b| half::bf16::from_le_bytes(*b).to_f32().to_le_bytes())
            .collect();
    };
    let (rounded, _) = of("rounded to bf16", &|_, w| round(w));
    let (bf16s, _) = of("bf16", &|_, w| w.cast(Dtype::BF16));
    assert!(
        distance(&rounded, &bf16s) < 1e-5,
        "{}",
        distance(&rounded, &bf16s)
    );
    let bench = Bench::new();
    bench.weights(|weights| weights.iter_mut().for_each(|w| w.cast(Dtype::I8)));
    bench
        .run(&[])
        .refused("i8", 4, "found dtype I8, accepted: F32, F16, BF16, F64");
}

#[test]
fn a_pickle_alone_is_refused_with_the_way_out() {
    let bench = Bench::new();
    fs::rename(
        bench.model("model.safetensors"),
        bench.model("pytorch_model.bin"),
    )
    .unwrap();
    bench
        .run(&[])
        .refused("pickle", 4, "convert it to safetensors");

    let sharded = Bench::new();
    fs::remove_file(sharded.model("model.safetensors")).unwrap();
    write(&sharded.model("pytorch_model.bin.index.json"), "{}");
    sharded
        .run(&[])
        .refused("pickles", 4, "convert it to safetensors");
}
