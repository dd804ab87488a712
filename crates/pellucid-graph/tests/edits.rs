//! Edits: recorded for prompts of any number and length, split into what is computed once and what in
//! each invoke, and put before the statements of a trace.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;

use expect_test::{Expect, expect};
use fixture::{arg, at, counting, index, message, op, parsed, read, site, spec, try_op};
use pellucid_graph::{Arg, Constant, Edit, Limits, Recorder, Trace, check, text, with_effects};

fn recorder() -> Recorder {
    Recorder::edit(spec(), Limits::default(), None, at(1))
}

fn edit(lines: &str) -> Result<Edit, pellucid_graph::Diagnostic> {
    Edit::new(parsed(lines)?, &spec(), &Limits::default())
}

/// The statements of a trace in text form.
fn lines(trace: &Trace) -> String {
    text::print(trace).lines().skip(2).collect::<Vec<_>>().join("\n")
}

#[test]
fn lengths_of_prompts_are_open_and_the_rest_is_known() {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.output");
    assert_eq!(r.open_axes(h), 0b011);
    let last = op(&mut r, "index", h, vec![Arg::Index(index(":, -1"))]);
    assert_eq!((r.open_axes(last), r.type_of(last).rank()), (0b01, 2));
    let mean = op(&mut r, "mean", h, vec![Arg::Ints(vec![0, 1])]);
    assert_eq!((r.open_axes(mean), r.type_of(mean).shape.clone()), (0, vec![8]));
    let w = r.parameter("layers.0.mlp.weight", None).unwrap();
    assert_eq!(r.open_axes(w), 0);
    let pattern = read(&mut r, 0, "layers.0.self_attn.pattern");
    assert_eq!(r.open_axes(pattern), 0b1101);
}

fn refused(record: impl FnOnce(&mut Recorder) -> pellucid_graph::Result<()>, expected: Expect) {
    expected.assert_eq(&message(record(&mut recorder())));
}

#[test]
fn what_depends_on_the_prompt_is_refused_at_its_line() {
    refused(
        |r| {
            let h = read(r, 0, "layers.0.output");
            try_op(r, "reshape", h, vec![Arg::Ints(vec![2, 6, 2, 4])], at(7)).map(drop)
        },
        expect![[r#"
            an edit cannot depend on how many prompts there are or how long they are: with 3 of 5 tokens instead of 2 of 6, `reshape`: shape [3, 5, 8] cannot become [2, 6, 2, 4] [prompt-in-edit]
              --> run.py:7
              help: count positions from the end or name none (`[:, -1]`, `[:]`), lengths as -1"#]],
    );
    refused(
        |r| {
            let h = read(r, 0, "layers.0.output");
            try_op(r, "squeeze", h, vec![Arg::Int(0)], at(2)).map(drop)?;
            let c = counting(r, &[3, 8]);
            let c = arg(r, c);
            try_op(r, "add", h, vec![c], at(8)).map(drop)
        },
        expect![[r#"
            `add`: shapes [2, 6, 8] and [3, 8] do not broadcast [shape-mismatch]
              --> run.py:8
              help: an edit is for prompts of any number and length: these shapes are those of 2 of 6 tokens"#]],
    );
    refused(
        |r| {
            let h = read(r, 0, "layers.0.output");
            r.save("h", h, at(3))
        },
        expect![[r#"
            an edit saves a value: it is not a run, but what is done in every later one [no-edit]
              --> run.py:3
              help: do it in a trace of the edited model"#]],
    );
    refused(
        |r| r.parameter("layers.0.mlp.wieght", at(4)).map(drop),
        expect![[r#"
            `layers.0.mlp` has no weights `wieght` [unknown-parameter]
              --> run.py:4
              help: did you mean `weight`?"#]],
    );
    refused(
        |r| {
            let c = counting(r, &[16, 8]);
            r.set_parameter("layers.0.mlp.weight", c, at(5))
        },
        expect![[r#"
            cannot write `layers.0.mlp.weight`: the value has shape [16, 8], the weights [8, 16] [shape-mismatch]
              --> run.py:5"#]],
    );
}

#[test]
fn a_trace_does_not_write_weights() {
    let mut r = fixture::recorder();
    let w = r.parameter("layers.0.mlp.weight", at(2)).unwrap();
    let found = message(r.set_item(w, index("0"), Arg::Int(0), None, at(3)));
    expect![[r#"
        cannot write `layers.0.mlp.weight`: a trace does not change the model's weights [read-only-parameter]
          --> run.py:3
          help: `with model.edit() as edited:` gives a model with other weights, and leaves this one as it is"#]]
    .assert_eq(&found);
    let c = counting(&mut r, &[8, 16]);
    assert_eq!(message(r.set_parameter("layers.0.mlp.weight", c, at(3))), found);
    let written = "invoke 0 ids [1]\n%0 = parameter layers.0.mlp.weight\nset layers.0.mlp.weight %0";
    let refused = parsed(written).and_then(|t| check(t, &spec(), &Limits::default()));
    assert_eq!(refused.unwrap_err().code.name(), "read-only-parameter");
}

#[test]
fn writing_through_views_of_weights_sets_them_and_tied_ones_are_one() {
    let mut r = recorder();
    let w = r.parameter("lm_head.weight", None).unwrap();
    let row = op(&mut r, "index", w, vec![Arg::Index(index("3"))]);
    r.assign(row, Arg::Int(0), None).unwrap();
    let again = r.parameter("embed.weight", None).unwrap();
    let twice = op(&mut r, "mul", again, vec![Arg::Int(2)]);
    r.set_parameter("embed.weight", twice, None).unwrap();
    expect![[r#"
        invoke 0 []
        %0 = parameter embed.weight
        %1 = index %0 [3]
        %2 = copy_into %1 0
        %3 = set_index %0 [3] %2
        set embed.weight %3
        %4 = mul %3 2
        set embed.weight %4"#]]
    .assert_eq(&lines(&r.finish()));
}

/// New weights, a number made of them, and an effect that uses it beside other weights.
const BOTH: &str = "invoke 0 []
    %0 = parameter layers.0.mlp.weight
    %1 = constant f32[8] [1, 0, 0, 0, 0, 0, 0, 0]
    %2 = matmul %1 %0
    %3 = outer %1 %2
    %4 = sub %0 %3
    set layers.0.mlp.weight %4
    %5 = read 0 layers.1.output
    %6 = sum %2
    %7 = add %1 %6
    %8 = mul %5 %7
    write 0 layers.1.output %8";

#[test]
fn what_depends_on_no_activation_is_computed_once() {
    let edit = edit(BOTH).unwrap();
    assert_eq!(edit.parameters().collect::<Vec<_>>(), ["layers.0.mlp.weight"]);
    expect![[r#"
        %0 = parameter layers.0.mlp.weight
        %1 = constant f32[8] [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        %2 = matmul %1 %0
        %3 = outer %1 %2
        %4 = sub %0 %3
        set layers.0.mlp.weight %4
        %5 = sum %2
        %6 = add %1 %5"#]]
    .assert_eq(&lines(edit.weights()));
    assert_eq!(edit.used().iter().map(ToString::to_string).collect::<Vec<_>>(), ["%6"]);
    let effects = edit.effects(vec![Constant::f32([8], &[2.0; 8])]).unwrap();
    expect![[r#"
        invoke 0 []
        %0 = read 0 layers.1.output
        %1 = constant f32[8] [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]
        %2 = mul %0 %1
        write 0 layers.1.output %2"#]]
    .assert_eq(&lines(&effects));
}

#[test]
fn effects_use_the_weights_that_the_edit_makes() {
    let written = "invoke 0 []
        %0 = parameter layers.0.mlp.weight
        %1 = mul %0 0.5
        set layers.0.mlp.weight %1
        %2 = read 0 layers.0.mlp.post
        %3 = linear %2 %1
        write 0 layers.0.mlp.output %3";
    let effects = edit(written).unwrap().effects(Vec::new()).unwrap();
    expect![[r#"
        invoke 0 []
        %0 = read 0 layers.0.mlp.post
        %1 = parameter layers.0.mlp.weight
        %2 = linear %0 %1
        write 0 layers.0.mlp.output %2"#]]
    .assert_eq(&lines(&effects));
}

#[test]
fn effects_can_use_the_weights_from_before_the_edit() {
    let written = "invoke 0 []
        %0 = parameter layers.0.mlp.weight
        %1 = mul %0 0.5
        set layers.0.mlp.weight %1
        %2 = read 0 layers.0.mlp.post
        %3 = linear %2 %0
        write 0 layers.0.mlp.output %3";
    let edit = edit(written).unwrap();
    assert_eq!(edit.used().iter().map(ToString::to_string).collect::<Vec<_>>(), ["%0"]);
    let before = Constant::f32([8, 16], &[1.0; 128]);
    assert!(lines(&edit.effects(vec![before]).unwrap()).contains("%1 = constant f32[8, 16] [1.0, "));
}

#[test]
fn weights_cannot_depend_on_activations() {
    let found = edit(
        "invoke 0 []
        %0 = read 0 layers.0.output
        %1 = mean %0
        %2 = parameter layers.0.mlp.weight
        %3 = mul %2 %1
        set layers.0.mlp.weight %3",
    );
    expect![[r#"
        cannot write `layers.0.mlp.weight`: the value depends on a prompt's activations [prompt-in-edit]
          --> run.trace:7
          help: save them in a trace and use what was saved: weights are the same for every prompt"#]]
    .assert_eq(&message(found));
}

#[test]
fn a_trace_is_not_an_edit_and_an_edit_does_not_run() {
    let found = edit("invoke 0 ids [1]\n%0 = read 0 output");
    assert_eq!(found.unwrap_err().code.name(), "no-edit");
    let found = parsed("invoke 0 []\n%0 = read 0 output").and_then(|t| check(t, &spec(), &Limits::default()));
    assert_eq!(found.unwrap_err().code.name(), "no-edit");
    let late = "invoke 0 []\n%0 = read 0 layers.1.output\nwrite 0 layers.0.output %0";
    assert_eq!(edit(late).unwrap_err().code.name(), "needs-later-value");
}

fn merged(effects: &[&str], trace: &str) -> Result<Trace, pellucid_graph::Diagnostic> {
    let effects: Vec<Trace> =
        effects.iter().map(|lines| edit(lines).unwrap().effects(Vec::new()).unwrap()).collect();
    with_effects(&effects, parsed(trace)?, &spec(), &Limits::default())
}

#[test]
fn effects_come_before_a_trace_in_each_invoke_and_are_seen_by_it() {
    let half = "invoke 0 []\n%0 = read 0 layers.0.output\n%1 = mul %0 0.5\nwrite 0 layers.0.output %1";
    let clear =
        "invoke 0 []\n%0 = read 0 layers.0.output\n%1 = set_index %0 [:, -1] 0\nwrite 0 layers.0.output %1";
    let trace = "invoke 0 ids [1, 2]\ninvoke 1 ids [3]
        %0 = read 0 layers.0.output
        %1 = neg %0
        write 0 layers.0.output %1
        %2 = read 0 layers.0.output
        %3 = read 1 lm_head.output
        save \"own\" %2
        save \"logits\" %3";
    let merged = merged(&[half, clear], trace).unwrap();
    expect![[r#"
        invoke 1 ids [3]
        %0 = read 0 layers.0.output
        %1 = mul %0 0.5
        write 0 layers.0.output %1
        %2 = read 1 layers.0.output
        %3 = mul %2 0.5
        write 1 layers.0.output %3
        %4 = set_index %1 [:, -1] 0
        write 0 layers.0.output %4
        %5 = set_index %3 [:, -1] 0
        write 1 layers.0.output %5
        %6 = neg %4
        write 0 layers.0.output %6
        %7 = read 1 lm_head.output
        save "own" %4
        save "logits" %7"#]]
    .assert_eq(&lines(&merged));
    check(merged, &spec(), &Limits::default()).unwrap();
}

#[test]
fn functions_are_written_again_for_the_lengths_of_a_prompt() {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.output");
    let pred = op(&mut r, "mean", h, vec![]);
    let pred = op(&mut r, "gt", pred, vec![Arg::Int(0)]);
    let branch = |r: &mut Recorder, by: i64| {
        r.begin_function("branch", &[], pellucid_graph::Reach::Around, None).unwrap();
        let result = op(r, "mul", h, vec![Arg::Int(by)]);
        r.end_function(&[result], None).unwrap()
    };
    let (then, otherwise) = (branch(&mut r, 2), branch(&mut r, 3));
    let chosen = r.cond(pred, then, otherwise, None).unwrap()[0];
    r.write(0, site("layers.0.output"), chosen, None).unwrap();
    let edit = Edit::new(r.finish(), &spec(), &Limits::default()).unwrap();
    let effects = edit.effects(Vec::new()).unwrap();
    let trace =
        parsed("invoke 0 ids [1, 2, 3]\ninvoke 1 [ids [1], ids [2]]\n%0 = read 1 output\nsave \"x\" %0");
    let merged = with_effects([&effects], trace.unwrap(), &spec(), &Limits::default()).unwrap();
    let params: Vec<String> =
        merged.functions.iter().map(|f| format!("{} {}", f.name, f.params[0])).collect();
    assert_eq!(
        params,
        ["branch f32[1, 3, 8]", "branch_1 f32[1, 3, 8]", "branch.2 f32[2, 1, 8]", "branch_1.3 f32[2, 1, 8]"]
    );
    check(merged, &spec(), &Limits::default()).unwrap();
}

#[test]
fn an_effect_that_does_not_fit_says_so_at_its_own_line() {
    let third =
        "invoke 0 []\n%0 = read 0 layers.0.output\n%1 = set_index %0 [:, 2] 0\nwrite 0 layers.0.output %1";
    let found = merged(&[third], "invoke 0 ids [1, 2]\n%0 = read 0 output\nsave \"x\" %0");
    expect![[r#"
        index 2 is out of range for axis 1 of length 2 (shape [1, 2, 8]) [index-out-of-range]
          --> run.trace:4
          help: the edit does not fit the invoke of run.trace:2, where values are of [1, 2] tokens"#]]
    .assert_eq(&message(found));
}
