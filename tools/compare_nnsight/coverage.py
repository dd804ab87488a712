"""What NNsight does, row by row, and which scripts show that it is the same here.

A row without scripts says why: the feature is not here, or it is one of the differences.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A feature."""

    name: str
    scripts: str = ""
    """Names of scripts, by spaces."""
    note: str = ""


MODELS = [
    Row("`LanguageModel(folder)`, weights on first use", "read_logits"),
    Row("renamed modules, `rename={...}`", "rename_modules"),
    Row("custom envoys and `eproperty`", "see_heads"),
    Row("`peft=`, `load_adapter`", "", "`model.load_adapter(folder)`, an edit like others"),
    Row('`dtype="nf4"`, tensor parallelism, vLLM, diffusers', "", "not here"),
]

RUNNING = [
    Row("`trace`", "read_logits read_every_layer"),
    Row("`trace` without `with`", "", "a warning at its line; NNsight runs nothing silently"),
    Row("`generate`", "generate generate_several generate_in_invokes"),
    Row("`pipe`", "", "`model.generate(...).text` and `.ids`"),
    Row("`scan`", "scan_shapes"),
    Row("`invoke`", "two_invokes invokes_of_several_prompts"),
    Row("an invoke without a prompt", "read_the_whole_batch write_the_whole_batch"),
    Row("the same while generating", "the_whole_batch_at_steps"),
    Row(
        "accepted inputs",
        "lists_of_ids arrays_of_ids what_a_tokenizer_gives a_dictionary texts_of_different_lengths",
        "chats are `messages=[...]`; `inputs_embeds=` is a write to `embed.output`",
    ),
    Row("padding on the left", "texts_of_different_lengths", "none here: see the differences"),
    Row("order of edits and invokes", "edit_and_intervene edit_twice two_invokes"),
    Row("`tracer.stop()`", "stop_early stop_a_generation exit_early"),
    Row("`tracer.result`", "generate every_step force_tokens"),
    Row("output of the whole model", "read_root_output", "the logits, not a record of them"),
    Row(
        "modules called out of order",
        "call_modules call_a_module_before_it_runs run_a_layer_twice function_vector",
    ),
    Row(
        "`session`",
        "a_value_of_another_trace a_container_over_traces save_in_sessions generate_in_a_session",
    ),
    Row("`edit`", "edit_a_copy edit_and_generate"),
    Row("`edit(inplace=True)`, `clear_edits`", "edit_in_place edit_twice"),
    Row("weights read", "read_weights"),
    Row(
        "weights changed",
        "change_a_weight change_weights_by_a_direction",
        "of an edited copy; NNsight changes them for everybody",
    ),
    Row("`print(model)`", "", "paths, shapes and taps beside Hugging Face's tree"),
]

ACCESS = [
    Row("`.output`", "read_every_layer find_modules"),
    Row("`.input`, `.inputs`", "read_inputs replace_input replace_inputs"),
    Row(
        "changes in place",
        "scale_in_place write_through_a_view write_twice write_by_mask zero_mlp",
    ),
    Row("replaced values", "replace_output replace_input save_what_is_later_changed"),
    Row("items of tuples", "write_attention_output", "one tensor here: see the differences"),
    Row("`.skip(value)`", "skip_layer skip_in_every_invoke"),
    Row("the order rule", "", "values may be read in any order here"),
    Row("Python in the block", "python_in_the_block a_condition_on_the_step"),
    Row("branches on values", "choose_by_value steer_by_a_condition", "`pl.where`, `pl.cond`"),
    Row(
        "`.source`: inside a function",
        "read_patterns_in_the_source write_a_pattern knock_out_attention freeze_a_pattern "
        "swap_patterns_of_heads scores_of_batches",
        "taps, with the same names in every architecture",
    ),
    Row("attention weights", "read_patterns patterns_of_steps induction_scores"),
    Row("gradients, `with loss.backward()`", "", "in the tests of gradients"),
    Row(
        "`tracer.cache(...)`",
        "cache_written cache_order cache_skipped cache_of_an_invoke cache_inputs_in_half",
    ),
    Row("`tracer.iter[...]`, `all()`", "every_step some_steps all_steps"),
    Row("`with tracer.iter[...]`", "steps_by_with"),
    Row("writes at steps", "write_at_every_step write_at_one_step a_value_of_an_earlier_step"),
    Row("`.next()` of older versions", "", "the same step as `tracer.iter[n]`; tested here alone"),
    Row("the streamer's tokens", "tokens_as_they_are_made"),
    Row("tokens forced by logits", "force_tokens bias_tokens"),
    Row("keys and values of the cache", "read_the_cache write_the_cache"),
    Row("`tracer.barrier(n)`", "at_the_same_layer", "accepted, and does nothing"),
    Row("values of other invokes", "a_value_of_another_invoke freeze_a_pattern"),
    Row("`save` of tensors and containers", "fill_a_container save_in_sessions reduce_inside"),
    Row("`.to()`, `.cuda()`", "", "values are in main memory"),
    Row("`get`, `named_modules`, slices", "find_modules"),
    Row("attached modules", "insert_an_autoencoder", "functions of values, in the block"),
]

RECIPES = [
    Row("activation patching", "activation_patching"),
    Row("causal tracing with noise", "causal_tracing"),
    Row("path patching", "path_patching"),
    Row("attribution patching", "", "needs gradients"),
    Row("head ablation: zero, mean, resample", "ablate_heads zero_a_head"),
    Row("neuron and MLP ablation", "ablate_neurons zero_mlp"),
    Row("logit lens", "logit_lens"),
    Row("tuned lens, applied", "apply_a_tuned_lens", "training needs gradients"),
    Row("direct logit attribution", "attribute_logits"),
    Row("induction heads", "induction_scores read_patterns"),
    Row("attention knockout", "knock_out_attention"),
    Row("custom and frozen attention patterns", "write_a_pattern freeze_a_pattern"),
    Row("steering with a vector", "move_along_another_layer write_at_every_step"),
    Row("difference of means", "steer_by_a_difference a_container_over_traces"),
    Row("steering by step, decaying or conditional", "write_at_every_step steer_by_a_condition"),
    Row(
        "a direction ablated, or taken out of weights",
        "project_out_a_direction change_weights_by_a_direction",
    ),
    Row("function vectors", "function_vector"),
    Row("sparse autoencoders", "insert_an_autoencoder"),
    Row("probing", "probe"),
    Row("interchange in a subspace", "interchange_in_a_subspace", "training needs gradients"),
    Row("LoRA, soft prompts, ReFT trained", "", "needs gradients"),
    Row("saliency, integrated gradients, activation maximisation", "", "needs gradients"),
    Row("patchscopes", "patchscope"),
    Row("cache surgery", "read_the_cache write_the_cache"),
    Row("early exit, layers skipped and run again", "exit_early skip_layer run_a_layer_twice"),
    Row("mixtures of experts", "read_a_router ablate_an_expert"),
    Row("weights edited", "change_a_weight"),
    Row("statistics over a data set", "collect_statistics cache_inputs_in_half"),
    Row("constrained decoding", "bias_tokens force_tokens"),
    Row("circuits by edges", "path_patching"),
]

TABLES = {
    "Models": MODELS,
    "Running": RUNNING,
    "Inside a block": ACCESS,
    "Recipes": RECIPES,
}
