//! The wire form's graph as a JSON schema, for those who write traces in other languages.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::shape::MAX_AXES;
use crate::wire::{Graph, VERSION};
use crate::{Op, Site};

/// The schema of what stands under `pellucid.trace` in the metadata of a trace in wire form.
pub fn wire_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Graph).to_value();
    schema["title"] = "Pellucid trace".into();
    schema["description"] = format!(
        "The graph of a trace in wire form, version {VERSION}. Constants are the tensors `0`, `1` ... \
         of the safetensors file that this stands in. Values are numbered in the order made, from 0, \
         in each function anew after its parameters. Tensors have at most {MAX_AXES} axes."
    )
    .into();
    schema
}

impl JsonSchema for Op {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Op".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "The name of a row of the op table." })
    }
}

impl JsonSchema for Site {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Site".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Module path and point; `@2` behind it means step 2 of a generation.",
            "pattern": "^[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)*(@[0-9]+)?$",
            "examples": ["model.layers.3.mlp.output", "lm_head.output@2"],
        })
    }
}

/// A number as the wire form writes it: JSON has no infinities and no NaN.
pub(crate) fn float(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "oneOf": [{ "type": "number" }, { "enum": ["inf", "-inf", "NaN"] }] })
}
