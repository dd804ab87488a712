//! A trace as a file: either form is recognized, and the hash names what a trace does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;

use expect_test::expect;
use fixture::message;
use pellucid_graph::{Limits, Trace, text, wire};

const LINES: &str = "pellucid 2\ninvoke 0 ids [1, 2]\n%0 = read 0 norm.output\n%1 = constant f32[1] [0.5]\n\
                     %2 = mul %0 %1\nfunction f\n  return\nsave \"x\" %2\n";

fn read(bytes: &[u8]) -> Result<Trace, pellucid_graph::Diagnostic> {
    Trace::read(bytes, "a.trace", &Limits::default())
}

#[test]
fn either_form_is_recognized() {
    let trace = read(LINES.as_bytes()).unwrap();
    assert_eq!(read(&wire::encode(&trace).unwrap()).unwrap(), trace);
    assert_eq!(
        read(format!("# why\n\n{LINES}").as_bytes()).unwrap().without_places(),
        trace.without_places()
    );
    expect!["not a trace: "].assert_eq(&message(read(b"\x80\x04\xff"))[..13]);
    expect![[r#"
        expected `pellucid`, got `nonsense` [syntax]
          --> a.trace:1"#]]
    .assert_eq(&message(read(b"nonsense")));
}

#[test]
fn the_hash_is_of_what_is_done_not_of_where_it_was_written() {
    let trace = read(LINES.as_bytes()).unwrap();
    let hash = trace.hash().unwrap();
    expect!["eec9190f956437ca789910cb4acc6e536872eacf56f2fe8ec988532c765bd3b0"].assert_eq(&hash);
    let elsewhere = Trace::read(format!("# a comment\n\n{LINES}").as_bytes(), "b.trace", &Limits::default());
    assert_eq!(elsewhere.unwrap().hash().unwrap(), hash);
    let printed = text::parse(&text::print(&trace), "c.trace", &Limits::default());
    assert_eq!(printed.unwrap().hash().unwrap(), hash);
    for (a, b) in [("0.5", "0.25"), ("norm.output", "norm.input"), ("\"x\"", "\"y\""), ("[1, 2]", "[1, 3]")] {
        assert_ne!(read(LINES.replace(a, b).as_bytes()).unwrap().hash().unwrap(), hash, "{a} to {b}");
    }
}
