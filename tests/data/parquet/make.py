"""Writes the Parquet files of this directory, as pandas, DuckDB, polars and pyarrow write them.

    python -m venv venv && venv/bin/pip install pyarrow==26.0.1 pandas==3.1.1 duckdb==2.0.1 polars==2.1.0
    venv/bin/python tests/data/parquet/make.py

Every file holds the same three pairs: `question 0`, `good 0`, `bad 0`, and so on. Files in `read/` must be
read as these; those in `refused/` must be refused, and expected.csv says with which words.
"""

import datetime, decimal, json, pathlib, uuid

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
ROWS = range(3)
PAIRS = {
    "prompt": [f"question {i}" for i in ROWS],
    "chosen": [f"good {i}" for i in ROWS],
    "rejected": [f"bad {i}" for i in ROWS],
}
refused = []


def place(name, says):
    (HERE / "read").mkdir(exist_ok=True)
    (HERE / "refused").mkdir(exist_ok=True)
    if says is None:
        return str(HERE / "read" / f"{name}.parquet")
    refused.append(f"{name}.parquet,{says}")
    return str(HERE / "refused" / f"{name}.parquet")


def arrow(name, columns, says=None, **options):
    pq.write_table(pa.table(columns), place(name, says), compression=options.pop("compression", "none"), **options)


def with_id(array):
    return {"id": array} | PAIRS


def turn(role, texts):
    return [[{"role": role, "content": text}] for text in texts]


# Ids.
for width in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]:
    arrow(f"pyarrow-id-{width}", with_id(pa.array(ROWS, getattr(pa, width)())))
for precision in [5, 15, 38]:
    digits = [decimal.Decimal(i) for i in ROWS]
    arrow(f"pyarrow-id-decimal-{precision}", with_id(pa.array(digits, pa.decimal128(precision, 0))))
arrow("pyarrow-id-decimal-point", with_id(pa.array([decimal.Decimal(f"{i}.00") for i in ROWS], pa.decimal128(9, 2))))
arrow("pyarrow-id-decimal-in-int32", with_id(pa.array(digits, pa.decimal128(9, 0))), store_decimal_as_integer=True)
arrow("pyarrow-id-uuid", with_id(pa.array([uuid.UUID(int=i).bytes for i in ROWS], pa.uuid())))
arrow("pyarrow-id-decimal-share", with_id(pa.array([decimal.Decimal("1.50")] * 3, pa.decimal128(9, 2))), "row 0; `id`; found 1.50")
arrow("pyarrow-id-double", with_id(pa.array([0.0, 1.0, 2.0])), "`id`; found DOUBLE")
arrow("pyarrow-id-timestamp", with_id(pa.array([datetime.datetime(2026, 1, 1 + i) for i in ROWS])), "`id`; found TIMESTAMP in INT64")
arrow("pyarrow-id-bytes", with_id(pa.array([bytes([i] * 16) for i in ROWS], pa.binary(16))), "`id`; found FIXED_LEN_BYTE_ARRAY")

# Texts.
arrow("pyarrow-dictionary", {name: pa.array(texts).dictionary_encode() for name, texts in PAIRS.items()})
arrow("pyarrow-large", {name: pa.array(texts, pa.large_string()) for name, texts in PAIRS.items()})
arrow("pyarrow-json", PAIRS | {"prompt": pa.array([json.dumps(text) for text in PAIRS["prompt"]], pa.json_())})
arrow("pyarrow-bytes", PAIRS | {"chosen": [text.encode() for text in PAIRS["chosen"]]}, "`chosen`; found BYTE_ARRAY; which is bytes")
arrow("pyarrow-numbers", PAIRS | {"rejected": list(ROWS)}, "`rejected`; found INT64")
arrow("pyarrow-list-of-texts", PAIRS | {"chosen": [[text] for text in PAIRS["chosen"]]})
arrow("pyarrow-null", PAIRS | {"chosen": ["good 0", None, "good 2"]}, "row 1; `chosen`; found null")

# Messages.
MESSAGES = {name: turn("user" if name == "prompt" else "assistant", texts) for name, texts in PAIRS.items()}
WHOLE = {name: [a + b for a, b in zip(MESSAGES["prompt"], MESSAGES[name])] for name in ["chosen", "rejected"]}
FORKED = {"chosen": WHOLE["chosen"], "rejected": turn("user", ["p"] * 3)}
FORKED["rejected"] = [[*a, *b] for a, b in zip(FORKED["rejected"], MESSAGES["rejected"])]


def dictionaries(conversations, large):
    turns = [message for conversation in conversations for message in conversation]
    parts = [pa.array([message[key] for message in turns]).dictionary_encode() for key in ["role", "content"]]
    offsets = [0]
    for conversation in conversations:
        offsets.append(offsets[-1] + len(conversation))
    lists, number = (pa.LargeListArray, pa.int64()) if large else (pa.ListArray, pa.int32())
    return lists.from_arrays(pa.array(offsets, number), pa.StructArray.from_arrays(parts, ["role", "content"]))


def with_tools(conversation):
    return [message | {"tool_calls": [{"score": float("nan")}], "name": None} for message in conversation]


arrow("pyarrow-messages", MESSAGES)
arrow("pyarrow-messages-old-names", MESSAGES, use_compliant_nested_type=False)
arrow("pyarrow-messages-dictionary", {name: dictionaries(lists, False) for name, lists in MESSAGES.items()})
arrow("pyarrow-messages-large", {name: dictionaries(lists, True) for name, lists in MESSAGES.items()})
arrow("pyarrow-messages-tools", {name: [with_tools(c) for c in lists] for name, lists in MESSAGES.items()})
arrow("pyarrow-implicit", WHOLE)
arrow("pyarrow-implicit-with-text", {"prompt": PAIRS["prompt"]} | WHOLE)
arrow("pyarrow-forked", FORKED, "row 0; differ in turn 1 of 2")
arrow("pyarrow-messages-null", MESSAGES | {"chosen": [[{"role": "assistant", "content": c}] for c in ["a", None, "b"]]}, "row 1; `chosen`; without role or content")

# Columns that nobody uses.
OTHERS = {
    "mask": pa.array([[1] * 4096] * 3),
    "half": pa.array([1.0] * 3, pa.float16()),
    "decimal": pa.array([decimal.Decimal(1)] * 3, pa.decimal256(60, 5)),
    "map": pa.array([[("a", 1)]] * 3, pa.map_(pa.string(), pa.int32())),
    "nulls": pa.array([None] * 3, pa.null()),
    "duration": pa.array([datetime.timedelta(seconds=1)] * 3),
}
arrow("pyarrow-others", PAIRS | OTHERS)
arrow("pyarrow-others-int96", PAIRS | {"time": [datetime.datetime(2026, 1, 1)] * 3}, use_deprecated_int96_timestamps=True)

# Pages.
for name, options in {
    "v2-pages": {"data_page_version": "2.0", "version": "2.6"},
    "v1": {"version": "1.0"},
    "no-arrow-schema": {"store_schema": False},
    "row-groups": {"row_group_size": 1},
    "zstd": {"compression": "zstd"},
    "gzip": {"compression": "gzip"},
    "brotli": {"compression": "brotli"},
    "lz4": {"compression": "lz4"},
    "delta": {"use_dictionary": False, "column_encoding": {"prompt": "DELTA_BYTE_ARRAY", "chosen": "DELTA_LENGTH_BYTE_ARRAY", "rejected": "PLAIN"}},
}.items():
    arrow(f"pyarrow-{name}", PAIRS, **options)
arrow("pyarrow-other-names", {"question": PAIRS["prompt"], "answer_a": PAIRS["chosen"], "answer_b": PAIRS["rejected"]}, "--map prompt=question; chosen=answer_a; rejected=answer_b")

frame = pd.DataFrame(with_id(list(ROWS)))
frame.to_parquet(place("pandas", None))
frame.set_index("id").to_parquet(place("pandas-index", None))
frame.assign(prompt=frame.prompt.astype("category"), id=frame.id.astype("Int8")).to_parquet(place("pandas-category", None))
frame.convert_dtypes(dtype_backend="pyarrow").to_parquet(place("pandas-arrow", None))
pd.DataFrame(MESSAGES).to_parquet(place("pandas-messages", None))

table = pl.DataFrame(with_id(list(ROWS)))
table.write_parquet(place("polars", None))
table.with_columns(pl.col("chosen").cast(pl.Categorical), pl.col("id").cast(pl.UInt8)).write_parquet(place("polars-categorical", None))
table.with_columns(pl.col("id").cast(pl.Decimal(20, 0)), x=pl.lit(1).cast(pl.Int128)).write_parquet(place("polars-decimal", None))
roles = pl.List(pl.Struct({"role": pl.Enum(["user", "assistant"]), "content": pl.Categorical}))
pl.DataFrame(MESSAGES).cast({name: roles for name in MESSAGES}).write_parquet(place("polars-messages-enum", None))

database = duckdb.connect()


def duck(name, columns, says=None, options=""):
    pairs = "'question ' || i AS prompt, 'good ' || i AS chosen, 'bad ' || i AS rejected"
    query = f"SELECT {columns.format(pairs=pairs)} FROM range(3) t(i)"
    database.execute(f"COPY ({query}) TO '{place(name, says)}' (FORMAT parquet{options})")


def duck_turn(role, text):
    return f"[{{{{'role': '{role}'::ENUM('user', 'assistant'), 'content': '{text} ' || i}}}}]"


for kind in ["UTINYINT", "BIGINT", "DECIMAL(9,0)", "DECIMAL(38,0)"]:
    name = kind.replace("(", "-").replace(",0)", "").lower()
    duck(f"duckdb-id-{name}", f"i::{kind} AS id, {{pairs}}")
duck("duckdb-uuid", "('00000000-0000-0000-0000-00000000000' || i)::UUID AS id, {pairs}")
duck("duckdb-enum", "'a'::ENUM('a', 'b') AS subset, {pairs}")
duck("duckdb-v2", "{pairs}", options=", PARQUET_VERSION v2")
duck("duckdb-messages-enum", f"{duck_turn('user', 'question')} AS prompt, {duck_turn('assistant', 'good')} AS chosen, {duck_turn('assistant', 'bad')} AS rejected")
duck("duckdb-json", "to_json('question ' || i) AS prompt, to_json('good ' || i) AS chosen, to_json('bad ' || i) AS rejected")
duck("duckdb-variant", "{pairs}, i::VARIANT AS variant")
duck("duckdb-others", "{pairs}, INTERVAL 1 DAY AS x, '101'::BIT AS bits, MAP{{'a': 1}} AS map, TIMESTAMPTZ '2026-01-01' AS zoned")
duck("duckdb-hugeint", "i::HUGEINT AS id, {pairs}", "`id`; found DOUBLE")

(HERE / "refused" / "expected.csv").write_text("file,says\n" + "\n".join(refused) + "\n")
