//! Whatever bytes arrive, decoding and checking them gives a trace or an error, never a panic.

mod fixture;
mod gauntlet;

use fixture::spec;
use gauntlet::{checks, sample, survives};
use pellucid_graph::{Limits, check, text, wire};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_sample_itself_is_fine() {
    let trace = wire::decode(&sample(), &Limits::default()).expect("decodes");
    check(trace, &spec(), &Limits::default()).expect("checks");
}

#[test]
fn truncated_anywhere() {
    let (bytes, spec) = (sample(), spec());
    (0..bytes.len()).for_each(|n| survives(&bytes[..n], &spec));
}

#[test]
fn every_bit_flipped() {
    let (bytes, spec) = (sample(), spec());
    for i in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[i / 8] ^= 1 << (i % 8);
        survives(&bytes, &spec);
    }
}

#[test]
fn a_header_that_claims_more_than_there_is() {
    for length in [1u64, 1 << 20, 1 << 40, u64::MAX] {
        survives(&[&length.to_le_bytes()[..], b"{}"].concat(), &spec());
    }
    let huge = json!({ "0": { "dtype": "F64", "shape": [1u64 << 60, 1u64 << 60], "data_offsets": [0, 8] } });
    let header = huge.to_string();
    survives(&[&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 8]].concat(), &spec());
}

/// Values that are wrong almost everywhere.
fn poison() -> impl Strategy<Value = Value> {
    let values = prop::collection::vec(0..12u32, 0..3);
    let lengths = prop::sample::select(vec![0i64, 1, -1, 8, 1 << 31, 1 << 40, 1 << 62, i64::MIN, i64::MAX]);
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(|n| json!(n)),
        (0..14u32).prop_map(|n| json!(n)),
        (0..14u32).prop_map(|n| json!({ "value": n })),
        Just(json!({ "value": u32::MAX })),
        values.prop_map(|vs| json!({ "values": vs })),
        prop::collection::vec(lengths.clone(), 0..5).prop_map(|ns| json!({ "ints": ns })),
        prop::collection::vec(lengths.clone(), 0..5).prop_map(|ns| json!(ns)),
        prop::collection::vec(lengths.clone(), 1..4)
            .prop_map(|ns| json!({ "index": ns.iter().map(|n| json!({ "int": n })).collect::<Vec<_>>() })),
        (lengths.clone(), lengths.clone(), lengths.clone()).prop_map(
            |(a, b, c)| json!({ "index": ["ellipsis", "new", { "slice": { "start": a, "stop": b, "step": c } }] })
        ),
        lengths.prop_map(|n| json!({ "int": n })),
        Just(json!({ "float": "NaN" })),
        any::<bool>().prop_map(|b| json!({ "bool": b })),
        "[a-z_.@]{0,12}".prop_map(|w| json!(w)),
        prop::sample::select(pellucid_graph::op::OPS.iter().map(|d| d.name).collect::<Vec<_>>())
            .prop_map(|n| json!(n)),
    ]
}

/// Every place in a JSON value, and a chosen one replaced.
fn replace(value: &mut Value, nth: &mut usize, with: &Value) {
    if *nth == 0 {
        *value = with.clone();
    }
    *nth = nth.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|v| replace(v, nth, with)),
        Value::Object(fields) => fields.values_mut().for_each(|v| replace(v, nth, with)),
        _ => {}
    }
}

fn header_and_data(bytes: &[u8]) -> (Value, &[u8]) {
    let n = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    (serde_json::from_slice(&bytes[8..8 + n]).expect("a header"), &bytes[8 + n..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes, &spec());
    }

    #[test]
    fn random_text(lines in "(%[0-3] = |write |save |invoke 0 |%[0-2] |[a-z_]{1,8} |[0-9:.,\\[\\]\" -]{0,6}|\n|\\PC){0,40}") {
        if let Ok(trace) = text::parse(&format!("pellucid 2\n{lines}"), "a.trace", &Limits::default()) {
            checks(trace, &spec());
        }
    }

    #[test]
    fn fields_of_the_graph_replaced(edits in prop::collection::vec((0..170usize, poison()), 1..5)) {
        let bytes = sample();
        let (mut header, data) = header_and_data(&bytes);
        let graph = header["__metadata__"]["pellucid.trace"].as_str().expect("text");
        let mut graph: Value = serde_json::from_str(graph).expect("a graph");
        edits.into_iter().for_each(|(mut nth, with)| replace(&mut graph, &mut nth, &with));
        header["__metadata__"]["pellucid.trace"] = json!(graph.to_string());
        let header = header.to_string();
        survives(&[&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat(), &spec());
    }
}
