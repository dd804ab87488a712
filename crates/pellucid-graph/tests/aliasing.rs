//! Views share memory as in PyTorch: a write through one is seen by all, and by the site.

mod fixture;
mod interpreter;

use fixture::{arg, counting, index, op, read, recorder, site};
use interpreter::{Array, run};
use pellucid_graph::{Arg, Constant, Handle, IndexItem, Recorder};

/// What a handle stands for once everything has happened.
#[track_caller]
fn check(r: &mut Recorder, handle: Handle, expected: &[f64]) {
    let value = r.value(handle, None).expect("within limits");
    let (values, _) = run(r.trace(), r.spec());
    assert_eq!(values[value.index()].data, expected, "{}", pellucid_graph::text::print(r.trace()));
}

/// What was written last, to which site.
fn last_write(r: &Recorder) -> (String, Array) {
    run(r.trace(), r.spec()).1.pop().expect("something is written")
}

fn at(text: &str) -> Vec<Arg> {
    vec![Arg::Index(index(text))]
}

fn set(r: &mut Recorder, h: Handle, place: &str, x: f64) {
    r.set_item(h, index(place), Arg::Float(x), None, None).expect("the place exists");
}

/// `h[place] *= x`, as Python runs it: take the view, change it in place, put it back.
fn times(r: &mut Recorder, h: Handle, place: &str, x: f64) {
    let view = op(r, "index", h, at(place));
    let product = op(r, "mul", view, vec![Arg::Float(x)]);
    let product = arg(r, product);
    r.assign(view, product, None).expect("the shapes agree");
    let same = arg(r, view);
    r.set_item(h, index(place), same, Some(view), None).expect("the place exists");
}

#[test]
fn writing_a_place_writes_the_site() {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.output");
    set(&mut r, h, ":, -1", 0.0);
    let (place, written) = last_write(&r);
    assert_eq!(place, "layers.0.output");
    let expected = (0..24).map(|i| if i < 16 { f64::from(i) } else { 0.0 }).collect();
    assert_eq!(written, Array::new([1, 3, 8], expected));
}

#[test]
fn changing_a_place_in_place_writes_the_site_once() {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.output");
    times(&mut r, h, ":, 1:3", 2.0);
    assert_eq!(run(r.trace(), r.spec()).1.len(), 1);
    let expected = (0..24).map(|i| f64::from(if i < 8 { i } else { 2 * i })).collect();
    assert_eq!(last_write(&r).1, Array::new([1, 3, 8], expected));
}

#[test]
fn later_reads_of_the_site_see_a_write() {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.self_attn.pattern");
    set(&mut r, h, "0, 0", 7.0);
    let again = read(&mut r, 0, "layers.0.self_attn.pattern");
    let expected = (0..18).map(|i| f64::from(if i < 9 { 7 } else { i })).collect::<Vec<_>>();
    check(&mut r, again, &expected);
    check(&mut r, h, &expected);
}

#[test]
fn views_taken_before_and_after_a_write_see_it_and_copies_do_not() {
    let mut r = recorder();
    let x = counting(&mut r, &[2, 3]);
    let row = op(&mut r, "index", x, at("1"));
    let copy = op(&mut r, "clone", x, vec![]);
    set(&mut r, x, ":, 0", 9.0);
    let after = op(&mut r, "index", x, at("0"));
    check(&mut r, row, &[9., 4., 5.]);
    check(&mut r, after, &[9., 1., 2.]);
    check(&mut r, copy, &[0., 1., 2., 3., 4., 5.]);
}

#[test]
fn a_write_through_a_view_reaches_what_it_is_a_view_of() {
    type View = (&'static str, Vec<Arg>, &'static str, [f64; 6]);
    let views: [View; 7] = [
        ("index", at("1"), "0", [0., 1., 2., 9., 4., 5.]),
        ("index", at("..., ::2"), ":, 1", [0., 1., 9., 3., 4., 9.]),
        ("reshape", vec![Arg::Ints(vec![3, -1])], "1", [0., 1., 9., 9., 4., 5.]),
        ("transpose", vec![Arg::Int(0), Arg::Int(-1)], "1", [0., 9., 2., 3., 9., 5.]),
        ("permute", vec![Arg::Ints(vec![-1, 0])], "2, 0", [0., 1., 9., 3., 4., 5.]),
        ("flatten", vec![], "-2:", [0., 1., 2., 3., 9., 9.]),
        ("unsqueeze", vec![Arg::Int(1)], "0, 0, 1", [0., 9., 2., 3., 4., 5.]),
    ];
    for (name, rest, place, expected) in views {
        let mut r = recorder();
        let x = counting(&mut r, &[2, 3]);
        let view = op(&mut r, name, x, rest);
        set(&mut r, view, place, 9.0);
        check(&mut r, x, &expected);
    }
}

#[test]
fn squeezed_views_and_chains_of_views_write_through() {
    let mut r = recorder();
    let x = counting(&mut r, &[2, 1, 3]);
    let flat = op(&mut r, "squeeze", x, vec![]);
    let turned = op(&mut r, "transpose", flat, vec![Arg::Int(0), Arg::Int(1)]);
    let row = op(&mut r, "index", turned, at("1"));
    set(&mut r, row, "0", 7.0);
    times(&mut r, turned, "2", 10.0);
    check(&mut r, x, &[0., 7., 20., 3., 4., 50.]);
    check(&mut r, row, &[7., 4.]);
    check(&mut r, flat, &[0., 7., 20., 3., 4., 50.]);
}

#[test]
fn adding_in_place_to_a_view_is_seen_by_the_site() {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.1.output");
    let last = op(&mut r, "index", h, at(":, -1, :2"));
    let more = op(&mut r, "add", last, vec![Arg::Int(100)]);
    let more = r.value(more, None).expect("a value");
    r.update(last, more, None).expect("the shapes agree");
    let again = read(&mut r, 0, "layers.1.output");
    let again = op(&mut r, "index", again, at("0, -1, :3"));
    check(&mut r, again, &[116., 117., 18.]);
    assert_eq!(last_write(&r).1.data[15..19], [15., 116., 117., 18.]);
}

#[test]
fn an_index_of_tensors_copies_and_still_can_be_written() {
    let mut r = recorder();
    let x = counting(&mut r, &[2, 3]);
    let i = r
        .add_constant(Constant::i64([2], &[2, -3]), None)
        .and_then(|i| r.constant(i, None))
        .expect("a constant");
    let items = vec![IndexItem::Int(1), IndexItem::Value(r.value(i, None).expect("a value"))];
    let copy = op(&mut r, "index", x, vec![Arg::Index(items.clone())]);
    set(&mut r, copy, "0", 9.0);
    check(&mut r, x, &[0., 1., 2., 3., 4., 5.]);
    check(&mut r, copy, &[9., 3.]);
    let copied = arg(&mut r, copy);
    r.set_item(x, items, copied, Some(copy), None).expect("the place exists");
    check(&mut r, x, &[0., 1., 2., 3., 4., 9.]);
}

#[test]
fn overlapping_places_are_read_before_they_are_written() {
    let mut r = recorder();
    let x = counting(&mut r, &[4]);
    let head = op(&mut r, "index", x, at(":3"));
    let head = arg(&mut r, head);
    r.set_item(x, index("1:"), head, None, None).expect("the shapes agree");
    check(&mut r, x, &[0., 0., 1., 2.]);
}

#[test]
fn a_replaced_site_leaves_old_views_alone() {
    let mut r = recorder();
    let old = read(&mut r, 0, "layers.0.self_attn.pattern");
    let new = op(&mut r, "mul", old, vec![Arg::Int(2)]);
    r.write(0, site("layers.0.self_attn.pattern"), new, None).expect("the type is the site's");
    set(&mut r, old, "...", 0.0);
    let now = read(&mut r, 0, "layers.0.self_attn.pattern");
    let expected: Vec<f64> = (0..18).map(|i| 2.0 * f64::from(i)).collect();
    check(&mut r, now, &expected);
    assert_eq!(last_write(&r).1.data, expected);
}

#[test]
fn a_site_assigned_to_itself_stays_what_it_was() {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.output");
    set(&mut r, h, "0, 0, 0", 5.0);
    r.write(0, site("layers.0.output"), h, None).expect("the type is the site's");
    set(&mut r, h, "0, 0, 1", 6.0);
    assert_eq!(last_write(&r).1.data[..3], [5., 6., 2.]);
    assert_eq!(run(r.trace(), r.spec()).1.len(), 2);
}
