//! What is asked of GPUs, whoever answers: NVML on a real machine, a fake in tests.

use super::Reading;
use super::visible::Visible;

/// One GPU, or one MIG instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuInfo {
    /// Its place in the driver's order, by PCI bus id; a MIG instance has none.
    pub index: Option<u32>,
    /// `GPU-…` or `MIG-…`: an index can mean another device in another process.
    pub uuid: String,
    /// `NVIDIA H200`
    pub name: String,
    /// Bytes.
    pub total: u64,
    /// Whether it is split into MIG instances, which alone can be used then.
    pub split: bool,
}

/// One look at a GPU. Only what the driver gives; the rest says why not.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuSample {
    /// Bytes in use, without what the driver reserves for itself (NVML's v2 figure).
    pub used: u64,
    /// Bytes that the driver and firmware keep. NVML's v1 "used" is `used + reserved`.
    pub reserved: u64,
    /// Memory of each process on the device. In a container the pids may be the host's.
    pub processes: Reading<Vec<GpuProcess>>,
    /// Share of time, from 0 to 1, in which a kernel ran.
    pub utilisation: Reading<f64>,
    /// Watts.
    pub power: Reading<f64>,
    /// Hertz.
    pub sm_clock: Reading<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuProcess {
    pub pid: u32,
    /// Bytes; none where the driver does not say.
    pub used: Option<u64>,
}

/// Which GPUs a server's figures are about. The set is fixed when sampling begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GpuScope {
    /// None, because.
    Nothing(String),
    /// Every GPU that the driver lists, because nothing narrows them down: why not.
    All(String),
    /// Those that `CUDA_VISIBLE_DEVICES` names.
    Visible(Visible),
}

impl Default for GpuScope {
    fn default() -> Self {
        Self::All("nothing says which of them are the server's".into())
    }
}

/// Why a GPU gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    #[error("no NVML library (libnvidia-ml.so.1 was not found)")]
    NoLibrary,
    #[error("the NVML library (libnvidia-ml.so.1) cannot be loaded: {0}")]
    BadLibrary(String),
    #[error(
        "the NVIDIA driver is not loaded (the NVML library is there); in a container, pass the GPUs in"
    )]
    NoDriver,
    #[error(
        "the NVIDIA driver and its library differ in version; restart the machine, or load the driver again"
    )]
    VersionMismatch,
    #[error("no permission to ask the NVIDIA driver; may this user read /dev/nvidia*?")]
    NoPermission,
    #[error("NVML lists no GPU")]
    NoDevice,
    #[error("NVML knows no GPU {0}")]
    UnknownDevice(String),
    #[error("no GPU belongs to this server: {0}")]
    NotVisible(String),
    #[error(
        "CUDA_VISIBLE_DEVICES names GPUs by index, and on a host with GPUs of several models CUDA \
         may count them in another order than NVML: name them by UUID (`nvidia-smi -L`), or set \
         CUDA_DEVICE_ORDER to PCI_BUS_ID too"
    )]
    UnsureOrder,
    #[error(
        "GPU {0} is split into MIG instances: name the server's instance in CUDA_VISIBLE_DEVICES \
         by its UUID (`MIG-…`, see `nvidia-smi -L`)"
    )]
    Split(String),
    #[error("NVML cannot tell the {what} of GPU {uuid}: {why}")]
    Failed {
        what: &'static str,
        uuid: String,
        why: String,
    },
    #[error("NVML failed: {0}")]
    Other(String),
}

/// GPUs that can be listed and sampled.
pub trait Gpus: Send {
    /// All GPUs that may be used here, in the driver's order; never an empty list.
    ///
    /// # Errors
    /// Why there are none.
    fn list(&self) -> Result<Vec<GpuInfo>, GpuError>;

    /// What one GPU is.
    ///
    /// # Errors
    /// [`GpuError::UnknownDevice`], and whatever the driver says.
    fn info(&self, uuid: &str) -> Result<GpuInfo, GpuError> {
        let all = self.list()?;
        all.into_iter()
            .find(|gpu| gpu.uuid == uuid)
            .ok_or_else(|| GpuError::UnknownDevice(uuid.into()))
    }

    /// One look at one GPU.
    ///
    /// # Errors
    /// Where not even its memory can be told.
    fn sample(&self, uuid: &str) -> Result<GpuSample, GpuError>;

    /// Whether the process ids in samples surely are those that this process sees in `/proc`.
    /// In a container they may be the host's.
    fn pids_are_ours(&self) -> bool;
}

impl GpuScope {
    /// The GPUs of the scope, in its order; never an empty list.
    ///
    /// # Errors
    /// Why there are none, or why it is not sure which.
    pub fn resolve(&self, gpus: &dyn Gpus) -> Result<Vec<GpuInfo>, GpuError> {
        match self {
            Self::Nothing(why) => Err(GpuError::NotVisible(why.clone())),
            Self::All(_) => gpus.list(),
            Self::Visible(visible) => visible.resolve(gpus),
        }
    }

    /// Why these, in words: `all that the driver lists: CUDA_VISIBLE_DEVICES is not set`.
    pub fn words(&self) -> String {
        match self {
            Self::Nothing(why) => format!("none: {why}"),
            Self::All(why) => format!("all that the driver lists: {why}"),
            Self::Visible(_) => "named by CUDA_VISIBLE_DEVICES".into(),
        }
    }
}
