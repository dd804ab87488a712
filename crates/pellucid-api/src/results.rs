//! Results as one safetensors blob, their order kept in its metadata.

use std::collections::HashMap;

use pellucid_graph::{TensorType, wire};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

const ORDER: &str = "pellucid.results";

/// One saved value.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultTensor<B> {
    /// The name it was saved under.
    pub name: String,
    /// Dtype and shape.
    pub ty: TensorType,
    /// Elements, row-major and little-endian.
    pub data: B,
}

/// Why results could not be packed or unpacked.
#[derive(Debug, thiserror::Error)]
#[error("results: {0}")]
pub struct ResultsError(String);

/// Packs results.
///
/// # Errors
/// Bytes that do not fit a type.
pub fn encode<B: AsRef<[u8]>>(results: &[ResultTensor<B>]) -> Result<Vec<u8>, ResultsError> {
    let fail = |e: &dyn std::fmt::Display| ResultsError(e.to_string());
    let names: Vec<&str> = results.iter().map(|r| r.name.as_str()).collect();
    let order = serde_json::to_string(&names).map_err(|e| fail(&e))?;
    let mut views = Vec::with_capacity(results.len());
    for r in results {
        let dtype = wire::to_safetensors(r.ty.dtype);
        let view = TensorView::new(dtype, r.ty.shape.clone(), r.data.as_ref()).map_err(|e| fail(&e))?;
        views.push((r.name.as_str(), view));
    }
    let metadata = HashMap::from([(ORDER.to_owned(), order)]);
    safetensors::serialize(views, Some(metadata)).map_err(|e| fail(&e))
}

/// Unpacks results, in the order they were saved.
///
/// # Errors
/// Bytes that [`encode`] did not make.
pub fn decode(bytes: &[u8]) -> Result<Vec<ResultTensor<Vec<u8>>>, ResultsError> {
    let fail = |e: &dyn std::fmt::Display| ResultsError(e.to_string());
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| fail(&e))?;
    let order = header.metadata().as_ref().and_then(|m| m.get(ORDER));
    let order = order.ok_or_else(|| ResultsError(format!("no `{ORDER}` in the metadata")))?;
    let names: Vec<String> = serde_json::from_str(order).map_err(|e| fail(&e))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| fail(&e))?;
    let result = |name: String| {
        let view = tensors.tensor(&name).map_err(|e| fail(&e))?;
        let dtype = wire::from_safetensors(view.dtype())
            .ok_or_else(|| ResultsError(format!("`{name}` has dtype {:?}", view.dtype())))?;
        Ok(ResultTensor { name, ty: TensorType::new(dtype, view.shape()), data: view.data().to_vec() })
    };
    names.into_iter().map(result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pellucid_graph::DType;

    #[test]
    fn results_keep_names_order_and_bits() {
        let result = |name: &str, dtype, shape: &[usize], data: Vec<u8>| ResultTensor {
            name: name.to_owned(),
            ty: TensorType::new(dtype, shape),
            data,
        };
        let results = vec![
            result("z", DType::F32, &[2], vec![0, 0, 192, 127, 1, 2, 3, 4]),
            result("a", DType::Bool, &[1, 1], vec![1]),
            result("empty", DType::Bf16, &[0, 3], vec![]),
            result("scalar", DType::I64, &[], 7i64.to_le_bytes().to_vec()),
        ];
        let bytes = encode(&results).unwrap();
        assert_eq!(decode(&bytes).unwrap(), results);
        for n in 0..bytes.len() {
            assert!(decode(&bytes[..n]).is_err(), "cut at {n}");
        }
    }
}
