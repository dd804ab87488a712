//! `docs/reference/trace.schema.json`: the wire form for those who write it in other languages, and
//! the hash that ties it to [`wire::VERSION`](pellucid_graph::wire::VERSION).

/// The whole file.
pub fn wire_schema() -> String {
    format!("{:#}\n", pellucid_graph::schema::wire_schema())
}

#[cfg(test)]
mod tests {
    use pellucid_graph::wire;
    use serde_json::Value;
    use sha2::{Digest, Sha256};

    /// The schema without words for people: what a program sees of it.
    fn bare(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let words = ["title", "description", "examples"];
                // A property may have such a name; its schema is an object or a truth value, never text.
                let kept = map
                    .iter()
                    .filter(|(k, v)| !(words.contains(&k.as_str()) && (v.is_string() || v.is_array())));
                Value::Object(kept.map(|(k, v)| (k.clone(), bare(v))).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(bare).collect()),
            other => other.clone(),
        }
    }

    #[test]
    fn a_change_of_the_wire_form_is_a_new_version() {
        let schema = bare(&pellucid_graph::schema::wire_schema()).to_string();
        let hash: String = Sha256::digest(schema).iter().map(|byte| format!("{byte:02x}")).collect();
        let (version, known) = wire::SCHEMAS[wire::SCHEMAS.len() - 1];
        assert_eq!(version, wire::VERSION, "`wire::SCHEMAS` lacks a row");
        assert_eq!(
            hash, known,
            "the wire form has changed: raise `wire::VERSION` and add a row to `SCHEMAS`"
        );
    }

    #[test]
    fn words_do_not_count_and_names_do() {
        let with = serde_json::json!({"title": "x", "properties": {"title": {"description": "y", "type": "string"}}});
        assert_eq!(bare(&with), serde_json::json!({"properties": {"title": {"type": "string"}}}));
    }
}
