//! DLPack, the C interface by which array libraries hand tensors to each other.
//!
//! The one place of this crate where memory is not in Rust's hands. Out: a capsule owns the tensor's
//! memory until whoever takes it calls the deleter. In: the elements are copied while the capsule
//! is held, and it stays the producer's to free.
#![allow(unsafe_code, reason = "DLPack is a C interface: structs behind pointers, freed by callbacks")]

use std::ffi::{CStr, c_void};

use pellucid_graph::{Code, DType, Diagnostic, TensorType};
use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::engine::Tensor;
use crate::errors::Raise;

/// Device type and number of main memory.
pub const CPU: (i32, i32) = (1, 0);

const VERSION: [u32; 2] = [1, 0];
const READ_ONLY: u64 = 1;
const LEGACY_NAME: &CStr = c"dltensor";
const VERSIONED_NAME: &CStr = c"dltensor_versioned";
const MAX_RANK: i32 = 64;

#[repr(C)]
struct DlTensor {
    data: *mut c_void,
    device: [i32; 2],
    ndim: i32,
    dtype: DlType,
    shape: *mut i64,
    strides: *mut i64,
    byte_offset: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
struct DlType {
    code: u8,
    bits: u8,
    lanes: u16,
}

#[repr(C)]
struct Legacy {
    tensor: DlTensor,
    owner: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Legacy)>,
}

#[repr(C)]
struct Versioned {
    version: [u32; 2],
    owner: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Versioned)>,
    flags: u64,
    tensor: DlTensor,
}

/// What a capsule keeps alive.
struct Owner {
    tensor: Tensor,
    shape: Vec<i64>,
    strides: Vec<i64>,
}

/// Objects to devices other than main memory.
///
/// # Errors
/// `BufferError`, as the array API standard asks.
pub fn check_device(device: Option<(i32, i32)>) -> PyResult<()> {
    match device {
        None | Some(CPU) => Ok(()),
        Some(_) => Err(PyBufferError::new_err("the tensor is in main memory")),
    }
}

/// A capsule of a dense tensor. Versioned ones say that it is read-only, unless it is a copy.
///
/// # Errors
/// Python's, when it has no memory.
pub fn export(
    py: Python<'_>,
    tensor: Tensor,
    is_versioned: bool,
    is_copy: bool,
) -> PyResult<Bound<'_, PyAny>> {
    let shape: Vec<i64> = tensor.shape().iter().map(|&n| n as i64).collect();
    let mut strides = vec![1i64; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i].max(1);
    }
    let mut owner = Box::new(Owner { tensor, shape, strides });
    let tensor = DlTensor {
        data: owner.tensor.as_bytes().as_ptr().cast_mut().cast(),
        device: [CPU.0, CPU.1],
        ndim: owner.shape.len() as i32,
        dtype: to_dl(owner.tensor.dtype()),
        shape: owner.shape.as_mut_ptr(),
        strides: owner.strides.as_mut_ptr(),
        byte_offset: 0,
    };
    let owner = Box::into_raw(owner).cast();
    if is_versioned {
        let flags = if is_copy { 0 } else { READ_ONLY };
        let managed = Versioned { version: VERSION, owner, deleter: Some(free_versioned), flags, tensor };
        let pointer = Box::into_raw(Box::new(managed)).cast();
        capsule(py, pointer, VERSIONED_NAME, drop_versioned)
    } else {
        let managed = Legacy { tensor, owner, deleter: Some(free_legacy) };
        capsule(py, Box::into_raw(Box::new(managed)).cast(), LEGACY_NAME, drop_legacy)
    }
}

fn capsule<'py>(
    py: Python<'py>,
    pointer: *mut c_void,
    name: &'static CStr,
    destructor: ffi::PyCapsule_Destructor,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the pointer is from `Box::into_raw`, the name is static, and the destructor frees the
    // struct if no consumer has taken it by renaming the capsule.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyCapsule_New(pointer, name.as_ptr(), Some(destructor))) }
}

unsafe extern "C" fn free_legacy(managed: *mut Legacy) {
    // SAFETY: called once, by the consumer or the capsule's destructor, with what `export` made.
    unsafe {
        let managed = Box::from_raw(managed);
        drop(Box::from_raw(managed.owner.cast::<Owner>()));
    }
}

unsafe extern "C" fn free_versioned(managed: *mut Versioned) {
    // SAFETY: as for `free_legacy`.
    unsafe {
        let managed = Box::from_raw(managed);
        drop(Box::from_raw(managed.owner.cast::<Owner>()));
    }
}

unsafe extern "C" fn drop_legacy(capsule: *mut ffi::PyObject) {
    // SAFETY: Python calls it once; a capsule still of this name holds a struct nobody has taken.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, LEGACY_NAME.as_ptr()) == 1 {
            free_legacy(ffi::PyCapsule_GetPointer(capsule, LEGACY_NAME.as_ptr()).cast());
        }
    }
}

unsafe extern "C" fn drop_versioned(capsule: *mut ffi::PyObject) {
    // SAFETY: as for `drop_legacy`.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, VERSIONED_NAME.as_ptr()) == 1 {
            free_versioned(ffi::PyCapsule_GetPointer(capsule, VERSIONED_NAME.as_ptr()).cast());
        }
    }
}

/// Type and row-major elements, copied, of an object with `__dlpack__`.
///
/// # Errors
/// A tensor that is not in main memory, of an element type the language does not have, or of a
/// layout that is no tensor's.
pub fn import(object: &Bound<'_, PyAny>) -> PyResult<(TensorType, Vec<u8>)> {
    let py = object.py();
    let device: (i32, i32) = object.call_method0("__dlpack_device__")?.extract()?;
    if device.0 != CPU.0 {
        let diagnostic = Diagnostic::new(Code::BadArgument, "the tensor is not in main memory");
        return Err(diagnostic.help("`.cpu()` brings it there")).raise(py);
    }
    let capsule = request(object)?;
    let tensor = tensor_of(&capsule)?;
    // SAFETY: the producer guarantees a valid struct for as long as the capsule lives, which is
    // until the end of this function.
    unsafe { copy_elements(&*tensor) }.raise(py)
}

/// Asks for a versioned capsule; libraries from before versions refuse the keyword.
fn request<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let keywords = PyDict::new(py);
    keywords.set_item("max_version", (VERSION[0], VERSION[1]))?;
    match object.call_method("__dlpack__", (), Some(&keywords)) {
        Err(error) if error.is_instance_of::<PyTypeError>(py) => object.call_method0("__dlpack__"),
        other => other,
    }
}

fn tensor_of(capsule: &Bound<'_, PyAny>) -> PyResult<*const DlTensor> {
    let pointer = capsule.as_ptr();
    // SAFETY: both calls check that the object is a capsule of that name; a capsule of a DLPack name
    // holds the struct of that name.
    unsafe {
        if ffi::PyCapsule_IsValid(pointer, VERSIONED_NAME.as_ptr()) == 1 {
            let managed: *mut Versioned = ffi::PyCapsule_GetPointer(pointer, VERSIONED_NAME.as_ptr()).cast();
            if (*managed).version[0] != VERSION[0] {
                return Err(PyBufferError::new_err("a DLPack of another major version"));
            }
            return Ok(&raw const (*managed).tensor);
        }
        if ffi::PyCapsule_IsValid(pointer, LEGACY_NAME.as_ptr()) == 1 {
            let managed: *mut Legacy = ffi::PyCapsule_GetPointer(pointer, LEGACY_NAME.as_ptr()).cast();
            return Ok(&raw const (*managed).tensor);
        }
    }
    Err(PyBufferError::new_err("`__dlpack__` gave no DLPack capsule"))
}

/// # Safety
/// `tensor` describes memory as DLPack says: `ndim` lengths, as many strides or none, and data that
/// covers every element they reach.
unsafe fn copy_elements(tensor: &DlTensor) -> Result<(TensorType, Vec<u8>), Diagnostic> {
    let unusable = |message: String| Diagnostic::new(Code::DTypeMismatch, message);
    let dtype = DType::ALL.into_iter().find(|d| to_dl(*d) == tensor.dtype).ok_or_else(|| {
        let DlType { code, bits, lanes } = tensor.dtype;
        unusable(format!("a tensor of DLPack type {code} with {bits} bits and {lanes} lanes cannot be taken"))
    })?;
    if !(0..=MAX_RANK).contains(&tensor.ndim) {
        return Err(unusable(format!("a tensor with {} axes cannot be taken", tensor.ndim)));
    }
    let rank = tensor.ndim as usize;
    // SAFETY: the caller's promise; a null or dangling pointer is not read when there are no axes.
    let lengths: Vec<i64> = (0..rank).map(|i| unsafe { *tensor.shape.add(i) }).collect();
    let shape: Vec<usize> = lengths.iter().map(|&n| n.max(0) as usize).collect();
    let ty = TensorType::new(dtype, shape);
    if !ty.addressable() {
        return Err(unusable(format!("a tensor of type {ty} is too large to address")));
    }
    let strides: Vec<i64> = match tensor.strides.is_null() {
        true => (0..rank).map(|i| lengths[i + 1..].iter().product()).collect(),
        // SAFETY: the caller's promise.
        false => (0..rank).map(|i| unsafe { *tensor.strides.add(i) }).collect(),
    };
    let size = dtype.size();
    let mut data = Vec::with_capacity(ty.bytes().unwrap_or(0));
    let mut position = vec![0usize; rank];
    for _ in 0..ty.numel().unwrap_or(0) {
        let offset: i64 = position.iter().zip(&strides).map(|(&p, &s)| p as i64 * s).sum();
        // SAFETY: the caller's promise: the element at this position is inside the data.
        let element = unsafe {
            let start = tensor.data.cast::<u8>().add(tensor.byte_offset as usize);
            std::slice::from_raw_parts(start.offset(offset as isize * size as isize), size)
        };
        data.extend_from_slice(element);
        advance(&mut position, &ty.shape);
    }
    Ok((ty, data))
}

/// The next position in row-major order.
fn advance(position: &mut [usize], shape: &[usize]) {
    for (p, &n) in position.iter_mut().zip(shape).rev() {
        *p += 1;
        if *p < n {
            return;
        }
        *p = 0;
    }
}

/// DLPack's codes: 0 signed, 1 unsigned, 2 IEEE float, 4 bfloat, 6 bool.
fn to_dl(dtype: DType) -> DlType {
    let code = match dtype {
        DType::Bool => 6,
        DType::U8 => 1,
        DType::I32 | DType::I64 => 0,
        DType::F16 | DType::F32 | DType::F64 => 2,
        DType::Bf16 => 4,
    };
    DlType { code, bits: dtype.size() as u8 * 8, lanes: 1 }
}
