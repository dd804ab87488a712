//! A tensor with its elements. NumPy and PyTorch read its memory without copying; nobody writes it.

use pellucid_graph::{DType, TensorType};
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::engine::Tensor;
use crate::errors::Raise;
use crate::{args, dlpack};

/// A tensor with its elements, row-major and immutable.
#[pyclass(frozen, module = "pellucid._native")]
pub struct Array {
    tensor: Tensor,
}

impl Array {
    /// The tensor, shared.
    pub fn new(tensor: Tensor) -> Array {
        Array { tensor }
    }

    /// The tensor.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }
}

#[pymethods]
impl Array {
    /// Copies row-major little-endian bytes.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, dtype: &str, shape: Vec<usize>, data: &[u8]) -> PyResult<Array> {
        let ty = TensorType::new(args::dtype(py, dtype)?, shape);
        Ok(Array { tensor: Tensor::from_bytes(&ty, data).raise(py)? })
    }

    /// Copies a CPU tensor of any library that speaks DLPack.
    #[staticmethod]
    fn from_dlpack(object: &Bound<'_, PyAny>) -> PyResult<Array> {
        let (ty, data) = dlpack::import(object)?;
        Ok(Array { tensor: Tensor::from_bytes(&ty, &data).raise(object.py())? })
    }

    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.tensor.shape())
    }

    #[getter]
    fn dtype(&self) -> &'static str {
        self.tensor.dtype().name()
    }

    /// NumPy's view of the memory; it keeps this object alive.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let Some(typestr) = typestr(self.tensor.dtype()) else {
            return Err(PyAttributeError::new_err("NumPy has no bfloat16"));
        };
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("typestr", typestr)?;
        interface.set_item("shape", self.shape(py)?)?;
        interface.set_item("data", (self.tensor.as_bytes().as_ptr() as usize, true))?;
        Ok(interface)
    }

    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<Bound<'py, PyAny>>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = stream; // a CPU tensor is ready when it exists
        dlpack::check_device(dl_device)?;
        let tensor = match copy {
            Some(true) => Tensor::from_bytes(&self.tensor.ty(), self.tensor.as_bytes()).raise(py)?,
            _ => self.tensor.clone(),
        };
        let is_versioned = max_version.is_some_and(|(major, _)| major >= 1);
        dlpack::export(py, tensor, is_versioned, copy == Some(true))
    }

    fn __dlpack_device__(&self) -> (i32, i32) {
        dlpack::CPU
    }
}

fn typestr(dtype: DType) -> Option<&'static str> {
    match dtype {
        DType::Bool => Some("|b1"),
        DType::U8 => Some("|u1"),
        DType::I32 => Some("<i4"),
        DType::I64 => Some("<i8"),
        DType::F16 => Some("<f2"),
        DType::Bf16 => None,
        DType::F32 => Some("<f4"),
        DType::F64 => Some("<f8"),
    }
}
