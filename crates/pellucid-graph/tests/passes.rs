//! Which invokes share a pass over the model, and which must come after others.

mod fixture;

use fixture::checked;

/// The pass of each of `n` invokes of the same prompt.
fn check<const N: usize>(lines: &str, expected: [usize; N]) {
    let invokes: String = (0..N).map(|i| format!("invoke {i} ids [1, 2]\n")).collect();
    let trace = checked(&format!("{invokes}{lines}")).unwrap_or_else(|d| panic!("{d}"));
    assert_eq!(std::array::from_fn(|i| trace.pass_of(i)), expected, "{lines}");
}

#[test]
fn values_of_earlier_and_equal_sites_share_a_pass() {
    check("%0 = read 0 layers.0.output\n write 1 layers.1.output %0", [0, 0]);
    check("%0 = read 0 layers.0.output\n write 1 layers.0.output %0", [0, 0]);
    check("%0 = read 1 layers.0.mlp.input\n skip 0 layers.0.mlp %0", [0, 0]);
    check("%0 = read 0 norm.output", [0, 0, 0]);
}

#[test]
fn a_later_value_needs_a_pass_before() {
    check("%0 = read 0 layers.1.output\n write 1 layers.0.output %0", [0, 1]);
    check("%0 = read 1 layers.1.output\n write 0 layers.0.output %0", [1, 0]);
    check("%0 = read 0 layers.0.mlp.output\n skip 1 layers.0.mlp %0", [0, 1]);
}

#[test]
fn what_a_value_was_made_from_counts() {
    check(
        "%0 = read 0 embed.output
         %1 = read 1 layers.1.output
         %2 = add %0 %1
         %3 = apply norm %2
         write 2 layers.0.output %3",
        [0, 0, 1],
    );
}

#[test]
fn chains_take_a_pass_a_link() {
    check(
        "%0 = read 0 layers.1.output
         write 1 layers.0.output %0
         %1 = read 1 layers.1.output
         write 2 layers.0.output %1",
        [0, 1, 2],
    );
    check(
        "%0 = read 2 layers.1.output
         write 1 layers.0.output %0
         %1 = read 1 layers.1.output
         write 0 layers.0.output %1",
        [2, 1, 0],
    );
}

#[test]
fn one_waits_for_the_pass_of_what_it_shares() {
    check(
        "%0 = read 0 norm.output
         write 1 embed.output %0
         %1 = read 1 layers.0.output
         write 2 layers.1.output %1",
        [0, 1, 1],
    );
}

#[test]
fn values_can_cross_both_ways_within_a_pass() {
    check(
        "%0 = read 0 layers.0.output
         write 1 layers.0.output %0
         %1 = read 1 layers.1.input
         write 0 layers.1.input %1",
        [0, 0],
    );
}
